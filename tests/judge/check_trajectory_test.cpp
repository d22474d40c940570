#include <cmath>
#include <limits>

#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/recipes.h"
#include "tests/judge/synthetic.h"
#include "tests/judge/trajectory_of.h"

namespace isobatch {
namespace {

/// A reference of twelve windows or more whose trusted runs are `apart`, and a trial that is `off`, each from the
/// second window on, relative to the loss of a window.
class CheckTrajectory : public testing::TestWithParam<Recipe> {
protected:
    Trace reference(double apart) const {
        Trace trace = matrix.reference();
        for (std::size_t k = 0; k < trace.ranks[0].size(); ++k) {
            Step& step = trace.ranks[0][k];
            step.free_losses = {*step.loss, *step.loss * (1 + (k > 0 ? apart : 0))};
        }
        return trace;
    }
    Trace candidate(const Trace& reference, double off, const Split& split = {4, 2, 2}) const {
        Trace trace = with_trajectory(matrix.candidate(split), reference);
        trace.manifest.follows = content_digest(reference);
        for (std::vector<Step>& rank : trace.ranks)
            for (std::size_t k = 1; k < rank.size(); ++k) rank[k].free_losses[0] *= 1 + off;
        return trace;
    }
    static CheckResult check(const Trace& reference, const Trace& candidate) {
        return result_of(judge(yardstick_of(reference), candidate), Check::trajectory);
    }
    static bool tested(const Trace& reference, const Trace& candidate) {
        const Verdict verdict = judge(yardstick_of(reference), candidate);
        return std::count(verdict.tested.begin(), verdict.tested.end(), Claim::trajectory) == 1;
    }

    const double u = bound_of(GetParam()).unit_roundoff, fail = bound_of(GetParam()).fail;
    const Synthetic matrix{{.recipe = GetParam(), .seed = 5, .epochs = 5}};
};
INSTANTIATE_TEST_SUITE_P(Recipes, CheckTrajectory, all_recipes(), recipe_name);

TEST_P(CheckTrajectory, OnlyWhoIsAskedHasIt) {
    Trace quiet = candidate(reference(0), 0);
    quiet.manifest.trial = to_string(matrix.trial({4, 2, 2}));
    EXPECT_THROW(check(reference(0), quiet), Error);
    EXPECT_FALSE(tested(reference(0), quiet));
}

TEST_P(CheckTrajectory, TheSameLossesAreIdenticalAndTestTheClaimWhereTheSplitCuts) {
    const Trace own = reference(0);
    EXPECT_EQ(check(own, candidate(own, 0)).outcome, Outcome::identical);
    EXPECT_EQ(check(own, candidate(own, 0)).message, "");
    EXPECT_TRUE(tested(own, candidate(own, 0)));
    EXPECT_FALSE(tested(own, candidate(own, 0, {16, 1, 1})));
}

TEST_P(CheckTrajectory, SaysInWhichWindowOfTheFirstRankItIsOff) {
    const Trace own = reference(0);
    const CheckResult result = check(own, candidate(own, 0.1));
    EXPECT_EQ(result.first, (Place{2, 0, "", -1}));
    ASSERT_GT(result.losses.size(), 1u);
    EXPECT_EQ(result.losses[1].step, 2);
}

TEST_P(CheckTrajectory, SixteenTimesWhatTrustedRunsDifferByIsAllowedAndWhatRoundingLeavesBesideIt) {
    const double apart = 32 * u;
    const Trace own = reference(apart);
    const CheckResult near = check(own, candidate(own, 16 * apart));
    EXPECT_EQ(near.outcome, Outcome::equivalent);
    EXPECT_GT(near.margin, 0.5);
    EXPECT_EQ(near.message, "");
    const CheckResult far = check(own, candidate(own, 1.5 * (16 * apart + fail * u)));
    EXPECT_EQ(far.outcome, Outcome::divergent);
    EXPECT_EQ(far.first->step, 2);
    EXPECT_NEAR(far.margin, 1.5, 0.2);
    EXPECT_EQ(far.margin, margin_of(far.observed, far.tolerance));
    EXPECT_TRUE(says(far.message, "in a run of its own step 2 has loss"));
    const Trace alike = reference(0);
    EXPECT_EQ(check(alike, candidate(alike, 0.9 * fail * u)).outcome, Outcome::equivalent);
    EXPECT_EQ(check(alike, candidate(alike, 1.1 * fail * u)).outcome, Outcome::divergent);
}

TEST_P(CheckTrajectory, EveryStepIsListedWithWhatItMayBeOffBy) {
    const Trace own = reference(32 * u);
    const CheckResult result = check(own, candidate(own, 0));
    ASSERT_EQ(result.losses.size(), own.ranks[0].size());
    for (std::size_t k = 0; k < result.losses.size(); ++k) {
        EXPECT_EQ(result.losses[k].step, static_cast<std::int64_t>(k + 1));
        EXPECT_EQ(result.losses[k].truth, own.ranks[0][k].loss);
        EXPECT_GE(result.losses[k].allowed, fail * u * std::abs(*own.ranks[0][k].loss));
    }
}

TEST_P(CheckTrajectory, WhatIsNotANumberIsDivergentAndWhatIsNotRecordedIsNoPass) {
    const Trace own = reference(0);
    Trace strange = candidate(own, 0);
    strange.ranks[1][2].free_losses = {std::nan("")};
    EXPECT_EQ(check(own, strange).outcome, Outcome::divergent);
    EXPECT_EQ(check(own, strange).first->step, 3);
    strange.ranks[1][2].free_losses.clear();
    EXPECT_EQ(check(own, strange).outcome, Outcome::inconclusive);
    EXPECT_TRUE(says(check(own, strange).message, "step 3 in a run of its own was not recorded on every rank"));
    strange.ranks[1][2].free_losses = {1, 2};
    EXPECT_EQ(check(own, strange).outcome, Outcome::inconclusive);
}

TEST_P(CheckTrajectory, IsVoidWhereTrustedRunsComeApart) {
    Trace own = reference(0);
    own.ranks[0][4].free_losses[1] *= 1.5;
    const Trace wild = candidate(own, 0);
    Trace later = wild;
    for (std::vector<Step>& rank : later.ranks) rank[6].free_losses[0] *= 2;
    EXPECT_EQ(check(own, later).outcome, Outcome::identical);
    EXPECT_TRUE(says(check(own, later).message, "void from step 5: trusted runs are"));
    EXPECT_FALSE(check(own, later).losses[4].truth);
    EXPECT_EQ(check(own, later).losses[4].allowed, 0);
    EXPECT_TRUE(check(own, later).losses[3].truth);
    own.ranks[0][4].free_losses[1] = std::nan("");
    EXPECT_TRUE(says(check(own, later).message, "void from step 5: a trusted run's loss is no number"));
    EXPECT_TRUE(tested(own, later));

    own.ranks[0][1].free_losses[1] *= 1.5;
    const CheckResult none = check(own, candidate(own, 0));
    EXPECT_EQ(none.outcome, Outcome::inconclusive);
    EXPECT_TRUE(says(none.message, "no step after the first could be compared; void from step 2"));
    EXPECT_FALSE(tested(own, candidate(own, 0)));
}

TEST_P(CheckTrajectory, IsVoidWhereTheyComeApartByMoreThanAFactorOfTwoAStep) {
    if (u > 1e-10) return;  // between rounding and the share that is void anyway there are not ten doublings
    for (const double growth : {1.9, 2.2}) {
        Trace own = reference(0);
        for (std::size_t k = 0; k < own.ranks[0].size(); ++k)
            own.ranks[0][k].free_losses[1] =
                *own.ranks[0][k].loss * (1 + 4 * u * std::pow(growth, static_cast<double>(k)));
        const CheckResult result = check(own, candidate(own, 0));
        EXPECT_EQ(says(result.message, "void from step"), growth > 2) << result.message;
        EXPECT_EQ(says(result.message, "by more than a factor of 2 a step"), growth > 2);
    }
}

TEST_P(CheckTrajectory, AStepThatIsNoWindowOfTheReferenceIsNotCompared) {
    const Trace own = reference(0);
    Trace strange = candidate(own, 0);
    for (std::vector<Step>& rank : strange.ranks)
        for (Micro& micro : rank[6].micros)
            for (std::string& sample : micro.samples) sample = "other " + sample;
    for (std::vector<Step>& rank : strange.ranks) rank[6].free_losses[0] *= 2;
    const CheckResult result = check(own, strange);
    EXPECT_EQ(result.outcome, Outcome::identical);
    EXPECT_EQ(result.losses.size(), own.ranks[0].size() - 1);
    for (const StepLoss& loss : result.losses) EXPECT_NE(loss.step, 7);
}

TEST_P(CheckTrajectory, AReferenceWithoutTrustedRunsSaysSo) {
    Trace bare = matrix.reference();
    for (Step& step : bare.ranks[0]) step.free_losses.clear();
    const CheckResult result = check(bare, candidate(bare, 0));
    EXPECT_EQ(result.outcome, Outcome::inconclusive);
    EXPECT_TRUE(says(result.message, "the reference holds no losses of trusted runs there"));
}

}  // namespace
}  // namespace isobatch
