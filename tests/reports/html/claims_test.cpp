#include "reports/html/claims.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

TEST(ClaimsPart, SaysOfEveryClaimWhetherItCouldHaveFailed) {
    const Markup page = read_part(claims_part(small_result()));
    using Cells = std::vector<std::string>;
    EXPECT_EQ(cells_of(page, "gpt weighting"),
              (Cells{meaning(Claim::weighting), "4 trials could have shown a breach"}));
    EXPECT_TRUE(says(page.text, "untested: " + how_to_test(Claim::tail)));
    EXPECT_TRUE(says(page.text, "untested (allowed): " + how_to_test(Claim::schedule)));
    EXPECT_TRUE(cells_of(page, "mlp weighting").empty());  // its contract does not claim it
    EXPECT_EQ(claims_part(assemble("", {}, {}, {})), "");
}

TEST(ClaimsPart, SaysWhatTheContractOfAnOutsideTrainerRestsOn) {
    Result result = small_result();
    result.clauses = {{Claim::weighting, "token-mean", false, Stance::kept, "weights"},
                      {Claim::tail, "keeps-tail", true, Stance::broken, "11 <lost>"},
                      {Claim::schedule, "constant-rate", true, Stance::kept, "4"}};
    Markup page = read_part(claims_part(result));
    using Cells = std::vector<std::string>;
    EXPECT_EQ(cells_of(page, "weighting"), (Cells{"token-mean", "inferred", "weights"}));
    EXPECT_EQ(cells_of(page, "tail"), (Cells{"keeps-tail", "claimed and not kept", "11 <lost>"}));
    EXPECT_EQ(cells_of(page, "schedule"), (Cells{"constant-rate", "claimed and kept", "4"}));
    result.clauses = {{Claim::weighting, "token-mean", false, Stance::unseen, ""},
                      {Claim::tail, "", false, Stance::unseen, ""},
                      {Claim::schedule, "constant-rate", true, Stance::unseen, ""}};
    page = read_part(claims_part(result));
    EXPECT_EQ(cells_of(page, "weighting").at(1), "assumed");
    EXPECT_EQ(cells_of(page, "tail").at(1), "not claimed, not seen");
    EXPECT_EQ(cells_of(page, "schedule").at(1), "claimed, not seen");
}

TEST(IdentitiesPart, SaysWhoHeldWhatAndWhoBrokeIt) {
    Result result = small_result();
    EXPECT_EQ(identities_part(result), "");
    for (Record& record : result.records)
        record.verdict.identities = {{Identity::scale, 2, 0, ""}, {Identity::swap_micros, 0, 0, "one micro <only>"}};
    result.records[1].verdict.identities[0].broken = 1;
    const Markup page = read_part(identities_part(result));
    using Cells = std::vector<std::string>;
    EXPECT_EQ(cells_of(page, "scale"), (Cells{meaning(Identity::scale), "5", "gpt 2x2x1", ""}));
    EXPECT_EQ(cells_of(page, "swap-micros"), (Cells{meaning(Identity::swap_micros), "0", "", "6: one micro <only>"}));
}

}  // namespace
}  // namespace isobatch
