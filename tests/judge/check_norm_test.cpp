#include <cmath>
#include <functional>
#include <limits>

#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/edit.h"
#include "tests/judge/recipes.h"
#include "tests/judge/synthetic.h"

namespace isobatch {
namespace {

constexpr double threshold = 0.5;

class CheckNorm : public testing::TestWithParam<Recipe> {
protected:
    /// As a correct trainer records it.
    static void clip(Trace& trace) {
        for (std::vector<Step>& rank : trace.ranks)
            for (Step& step : rank) record_norm(step, threshold);
    }
    Trace candidate() const {
        Trace trace = matrix.candidate({4, 2, 2});
        clip(trace);
        return trace;
    }
    CheckResult checked(const Trace& trace) const { return check_norm(yardstick, trace, align(yardstick, trace)); }
    Yardstick clipped() const {
        Trace reference = matrix.reference();
        clip(reference);
        return yardstick_of(reference);
    }

    const Synthetic matrix{{.recipe = GetParam()}};
    const Yardstick yardstick = clipped();
};
INSTANTIATE_TEST_SUITE_P(Recipes, CheckNorm, all_recipes(), recipe_name);

TEST_P(CheckNorm, WhatTheGradientHasIsRight) {
    const CheckResult result = checked(candidate());
    EXPECT_EQ(result.outcome, Outcome::equivalent);
    EXPECT_LT(result.margin, 1);
    Trace own = matrix.reference();
    clip(own);
    EXPECT_EQ(checked(own).outcome, Outcome::identical);
    EXPECT_EQ(result.message, "");
    EXPECT_EQ(result.tolerance.factor, 1);
}

TEST_P(CheckNorm, TheToleranceIsThatOfItsSum) {
    const CheckResult result = checked(candidate());  // the worst place is one of a norm or of a factor
    const double smallest = GetParam() == Recipe::fp64 ? std::numeric_limits<double>::min()
                                                       : static_cast<double>(std::numeric_limits<float>::min());
    EXPECT_DOUBLE_EQ(result.tolerance.error, std::sqrt(41 * smallest));  // 30 + 7 + 4 elements in all
    EXPECT_EQ(result.tolerance.unit_roundoff, unit_roundoff(GetParam()));
    EXPECT_EQ(result.margin, margin_of(result.observed, result.tolerance));
    ASSERT_TRUE(result.worst);
    const Step& step =
        candidate()
            .ranks[static_cast<std::size_t>(result.worst->rank)][static_cast<std::size_t>(result.worst->step - 1)];
    const double roundings = result.tolerance.magnitude / *step.grad_norm;
    const double of_factor = result.tolerance.magnitude / *step.clip_factor;
    EXPECT_TRUE(std::abs(roundings - 22.5) < 1e-6 || std::abs(of_factor - 22.5) < 1e-6);  // (30 + 3) / 2 + 6
}

TEST_P(CheckNorm, NobodyClipsNothingToSay) {
    const Yardstick plain = yardstick_of(matrix.reference());
    const Trace trace = matrix.candidate({4, 2, 2});
    EXPECT_EQ(check_norm(plain, trace, align(plain, trace)), (CheckResult{.check = Check::norm}));
}

TEST_P(CheckNorm, ALieIsSeenWhereItIsTold) {
    const double off = 64 * unit_roundoff(GetParam());  // n is 30 here: 15 + 1.5 + 6 roundings are allowed
    const std::vector<std::pair<std::function<void(Step&)>, const char*>> lies{
        {[&](Step& step) { *step.grad_norm *= 1 + off; }, "the norm"},
        {[&](Step& step) { *step.clip_factor *= 1 - off; }, "the clip factor"},
        {[](Step& step) { step.clip_factor = 1; }, "the clip factor"},
        {[](Step& step) { step.grad_norm = std::nan(""); }, "the norm"},
        {[](Step& step) { step.grad_norm = step.clip_factor = std::numeric_limits<double>::infinity(); }, "the norm"},
        {[](Step& step) { step.grad_norm.reset(); }, "the norm nothing"},
        {[](Step& step) { step.clip_threshold = 0.6; }, "is clipped at 0.6, the reference is clipped at 0.5"},
        {[](Step& step) { step.clip_threshold.reset(); }, "is not clipped, the reference is clipped at 0.5"}};
    for (const auto& [lie, said] : lies) {
        Trace trace = candidate();
        lie(trace.ranks[1][2]);
        const CheckResult result = checked(trace);
        EXPECT_EQ(result.outcome, Outcome::divergent) << said;
        EXPECT_EQ(result.first, (Place{3, 1, "", -1}));
        EXPECT_TRUE(says(result.message, said)) << result.message;
        EXPECT_TRUE(says(result.message, "step 3 of rank 1"));
    }
}

TEST_P(CheckNorm, AGradientThatIsInfiniteHasNoNormToClipBy) {
    Trace trace = candidate();
    edit(trace.ranks[0][0], "grad/bias", [](std::size_t, double) { return std::numeric_limits<double>::infinity(); });
    clip(trace);
    EXPECT_EQ(checked(trace).outcome, Outcome::divergent);
}

TEST_P(CheckNorm, SquaresThatVanishAreNoLie) {
    Trace trace = candidate();
    for (const char* key : {"grad/weight", "grad/bias", "grad/key"})
        edit(trace.ranks[0][0], key, [](std::size_t, double) { return GetParam() == Recipe::fp32 ? 1e-25 : 1e-170; });
    trace.ranks[0][0].grad_norm = 0;
    trace.ranks[0][0].clip_factor = 1;
    EXPECT_LE(checked(trace).outcome, Outcome::equivalent);
}

}  // namespace
}  // namespace isobatch
