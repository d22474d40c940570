#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/recipes.h"
#include "tests/judge/synthetic.h"

namespace isobatch {
namespace {

const Made wrong{"xxh3:2", "xxh3:1", "buffer/mean"};

class CheckBuffers : public testing::TestWithParam<Recipe> {
protected:
    CheckResult checked(const Trace& of) const { return check_buffers(yardstick, of, align(yardstick, of)); }

    const Synthetic matrix{{.recipe = GetParam(), .buffers = true}};
    const Yardstick yardstick = yardstick_of(matrix.reference());
    Trace trace = matrix.candidate({4, 2, 2});
};
INSTANTIATE_TEST_SUITE_P(Recipes, CheckBuffers, all_recipes(), recipe_name);

TEST_P(CheckBuffers, WhatForwardsOfItsMicrosLeaveIsTheOnlyRight) {
    EXPECT_EQ(checked(trace), (CheckResult{.check = Check::buffers}));
    trace.ranks[1][2].made["buffer"] = wrong;
    const CheckResult result = checked(trace);
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.first, (Place{3, 1, "buffer/mean", -1}));
    EXPECT_EQ(result.worst, result.first);
    EXPECT_EQ(result.message,
              "step 3 of rank 1 leaves another \"buffer/mean\" than forwards of its own micro-batches do");
}

TEST_P(CheckBuffers, WhatWasNotRecordedIsNoPassAndTheWorstAnswerIsWhatIsSaid) {
    trace.ranks[0][0].made.erase("buffer");
    EXPECT_EQ(checked(trace).outcome, Outcome::inconclusive);
    EXPECT_EQ(checked(trace).first, (Place{1, 0, "", -1}));
    EXPECT_EQ(checked(trace).message, "the trace does not tell what step 1 of rank 0 left in the model's buffers");
    trace.ranks[1][1].made["buffer"] = trace.ranks[1][2].made["buffer"] = wrong;
    EXPECT_EQ(checked(trace).outcome, Outcome::divergent);
    EXPECT_EQ(checked(trace).first, (Place{2, 1, "buffer/mean", -1}));
}

TEST_P(CheckBuffers, IsOfJudgedWindows) {
    trace.ranks[0][4].made.clear();  // the second of the second epoch
    EXPECT_EQ(checked(trace).outcome, Outcome::identical);
}

TEST_P(CheckBuffers, IsAskedOfATrialThatFollowsAModelWithSome) {
    const auto asked = [](const Verdict& verdict) {
        return std::any_of(verdict.checks.begin(), verdict.checks.end(),
                           [](const CheckResult& result) { return result.check == Check::buffers; });
    };
    EXPECT_TRUE(asked(judge(yardstick, trace)));
    trace.ranks[1][2].made["buffer"] = wrong;
    EXPECT_EQ(judge(yardstick, trace).outcome, Outcome::divergent);
    trace.manifest.follows.reset();
    EXPECT_FALSE(asked(judge(yardstick, trace)));
    const Synthetic none{{.recipe = GetParam()}};
    EXPECT_FALSE(asked(judge(yardstick_of(none.reference()), none.candidate({4, 2, 2}))));
}

}  // namespace
}  // namespace isobatch
