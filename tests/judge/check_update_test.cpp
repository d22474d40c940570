#include <cmath>

#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/edit.h"
#include "tests/judge/recipes.h"
#include "tests/judge/synthetic.h"

namespace isobatch {
namespace {

class CheckUpdate : public testing::TestWithParam<Recipe> {
protected:
    CheckResult checked(Check check, const Trace& trace) const {
        return check_update(check, yardstick, trace, align(yardstick, trace));
    }

    const Synthetic matrix{{.recipe = GetParam()}};
    const Yardstick yardstick = yardstick_of(matrix.reference());
};
INSTANTIATE_TEST_SUITE_P(Recipes, CheckUpdate, all_recipes(), recipe_name);

TEST_P(CheckUpdate, TheSameBitsAreTheOnlyRightOnes) {
    for (const auto& [check, key] :
         {std::pair{Check::param, "param/weight"}, std::pair{Check::opt, "opt/exp_avg/bias"}}) {
        Trace trace = matrix.candidate({4, 2, 2});
        EXPECT_EQ(checked(check, trace), (CheckResult{.check = check}));
        edit(trace.ranks[1][2], std::string("forced/") + key, [&](std::size_t j, double value) {
            const bool narrow = GetParam() == Recipe::fp32;
            const double next = narrow ? std::nextafter(static_cast<float>(value), 9.f) : std::nextafter(value, 9);
            return j == 3 ? next : value;
        });
        const CheckResult result = checked(check, trace);
        EXPECT_EQ(result.outcome, Outcome::divergent);
        EXPECT_EQ(result.first, (Place{3, 1, key, -1}));
        EXPECT_TRUE(says(result.message, key));
        EXPECT_EQ(checked(check == Check::param ? Check::opt : Check::param, trace).outcome, Outcome::identical);
    }
}

TEST_P(CheckUpdate, WhatWasNotRecordedIsNoPass) {
    Trace trace = matrix.candidate({4, 2, 2});
    trace.ranks[0][0].tensors.erase("forced/param/key");
    EXPECT_EQ(checked(Check::param, trace).outcome, Outcome::inconclusive);
    EXPECT_TRUE(says(checked(Check::param, trace).message, "forced/param/key"));
    edit(trace.ranks[0][1], "forced/param/bias", [](std::size_t, double value) { return -value; });
    EXPECT_EQ(checked(Check::param, trace).outcome, Outcome::divergent) << "the worse answer stays";
    EXPECT_EQ(checked(Check::param, trace).first, (Place{2, 0, "param/bias", -1}));
}

TEST_P(CheckUpdate, StateThatTheReferenceHasNotIsSeen) {
    Trace trace = matrix.candidate({4, 2, 2});
    trace.ranks[1][1].tensors["forced/opt/momentum/bias"] = trace.ranks[1][1].tensors["grad/bias"];
    EXPECT_EQ(checked(Check::opt, trace).outcome, Outcome::divergent);
    EXPECT_EQ(checked(Check::opt, trace).first, (Place{2, 1, "opt/momentum/bias", -1}));
    EXPECT_EQ(checked(Check::param, trace).outcome, Outcome::identical);
}

TEST_P(CheckUpdate, WhatItsOwnGradientAsksForIsTheOnlyRightUpdate) {
    for (const auto& [check, kind] : {std::pair{Check::param, "param"}, std::pair{Check::opt, "opt"}}) {
        Trace trace = matrix.candidate({4, 2, 2});
        trace.ranks[1][2].made.at(kind) = {"xxh3:2", "xxh3:1", "x/bias"};
        const CheckResult result = checked(check, trace);
        EXPECT_EQ(result.outcome, Outcome::divergent);
        EXPECT_EQ(result.first, (Place{3, 1, "x/bias", -1}));
        EXPECT_EQ(checked(check == Check::param ? Check::opt : Check::param, trace).outcome, Outcome::identical);
        trace.ranks[1][2].made.erase(kind);
        EXPECT_EQ(checked(check, trace).outcome, Outcome::inconclusive);
    }
}

TEST_P(CheckUpdate, AWindowThatIsNotJudgedSaysNothing) {
    Trace trace = matrix.candidate({4, 2, 2});
    trace.ranks[0][4].made.clear();
    trace.ranks[0][4].tensors.clear();  // the second of the second epoch
    EXPECT_EQ(checked(Check::param, trace).outcome, Outcome::identical);
}

TEST(CheckOverflow, AnInfiniteGradientChangesNoParameterWhereLossesAreScaled) {
    const Synthetic matrix{{.recipe = Recipe::fp16_autocast}};
    const Yardstick yardstick = yardstick_of(matrix.reference());
    const auto checked = [&](Check check, const Trace& trace) {
        return check_update(check, yardstick, trace, align(yardstick, trace));
    };
    Trace trace = matrix.candidate({4, 2, 2});
    EXPECT_EQ(checked(Check::param, trace), (CheckResult{.check = Check::param}));
    trace.ranks[1][2].made.at("overflow") = {"xxh3:2", "xxh3:1", "param/bias"};
    EXPECT_EQ(checked(Check::param, trace).outcome, Outcome::divergent);
    EXPECT_EQ(checked(Check::param, trace).first, (Place{3, 1, "param/bias", -1}));
    EXPECT_TRUE(says(checked(Check::param, trace).message, "step 3 of rank 1 changes \"param/bias\" by an infinite"));
    EXPECT_EQ(checked(Check::opt, trace).outcome, Outcome::identical);
    trace.ranks[1][2].made.erase("overflow");
    EXPECT_EQ(checked(Check::param, trace).outcome, Outcome::inconclusive) << "never a silent pass";
    EXPECT_EQ(checked(Check::opt, trace).outcome, Outcome::identical);
}

}  // namespace
}  // namespace isobatch
