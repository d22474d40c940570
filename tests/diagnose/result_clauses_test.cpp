#include "diagnose/result.h"
#include "diagnose/result_text.h"
#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Result, AClauseThatIsBrokenMakesTheRunDivergentThoughEverySplitAgrees) {
    Record one;
    one.trial.subject = one.trial.engine = "outside";
    one.trial.split = {4, 1, 1};
    one.contract = Contract{};
    one.verdict.tested = {all_claims.begin(), all_claims.end()};
    one.clauses = {{Claim::weighting, "token-mean", true, Stance::kept, "seen"},
                   {Claim::tail, "keeps-tail", true, Stance::unseen, "not seen"}};
    Record two = one;
    two.trial.split = {1, 4, 1};
    Result result = assemble("c", {one, two}, {}, {});
    EXPECT_EQ(result.exit_code, 0) << result.summary;
    EXPECT_EQ(result.clauses, one.clauses);  // each once
    one.clauses[1].stance = two.clauses[1].stance = Stance::broken;
    result = assemble("c", {one, two}, {}, {});
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.summary,
              "The trainer does not keep what it claims: keeps-tail. All 2 splits train like the single large batch.");
    EXPECT_EQ(result_from_text(json_text(result), "w").clauses, result.clauses);
}

}  // namespace
}  // namespace isobatch
