#include <cmath>
#include <limits>

#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/recipes.h"
#include "tests/judge/synthetic.h"

namespace isobatch {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

class CheckLoss : public testing::TestWithParam<Recipe> {
protected:
    CheckResult check(const Trace& candidate) const {
        return check_loss(yardstick, candidate, align(yardstick, candidate));
    }

    const Synthetic matrix{{.recipe = GetParam(), .seed = 5}};
    const Yardstick yardstick = yardstick_of(matrix.reference());
};
INSTANTIATE_TEST_SUITE_P(Recipes, CheckLoss, all_recipes(), recipe_name);

TEST_P(CheckLoss, TheReferencesOwnIsIdentical) {
    EXPECT_EQ(check(matrix.reference()).outcome, Outcome::identical);
    EXPECT_EQ(check(matrix.candidate({16, 1, 1})).outcome, Outcome::identical);
    EXPECT_FALSE(check(matrix.reference()).first);
}

TEST_P(CheckLoss, RanksAreAveraged) {
    for (const Split& split : {Split{1, 16, 1}, Split{2, 2, 4}, Split{1, 1, 16}}) {
        const CheckResult result = check(matrix.candidate(split));
        EXPECT_EQ(result.outcome, Outcome::equivalent);
        EXPECT_GT(result.margin, 0);
        EXPECT_LT(result.margin, 1.0 / 8);
        EXPECT_EQ(result.message, "");
        EXPECT_FALSE(result.first);
        ASSERT_TRUE(result.worst);
        EXPECT_EQ(result.margin, margin_of(result.observed, result.tolerance));
    }
}

TEST_P(CheckLoss, EveryStepIsListedBesideTheTruth) {
    Trace candidate = matrix.candidate({4, 2, 2});
    candidate.ranks[1][1].loss = std::nullopt;
    candidate.ranks[0][0].micros[0].samples[0] = "no sample of any window";
    const CheckResult result = check(candidate);
    ASSERT_EQ(result.losses.size(), candidate.ranks[0].size());
    EXPECT_TRUE(result.losses[0].loss);
    EXPECT_FALSE(result.losses[0].truth);  // not a window of the reference
    EXPECT_FALSE(result.losses[1].loss);   // not recorded on every rank
    for (std::size_t k = 2; k < result.losses.size(); ++k) {
        EXPECT_EQ(result.losses[k].step, static_cast<std::int64_t>(k + 1));
        EXPECT_EQ(result.losses[k].truth, yardstick.windows[k].loss_truth);
        EXPECT_EQ(result.losses[k].allowed, yardstick.windows[k].loss_tolerance.allowed());
        if (!result.losses[k].truth) continue;  // a window that is not judged
        EXPECT_LE(std::abs(*result.losses[k].loss - *result.losses[k].truth), result.losses[k].allowed);
    }
}

TEST_P(CheckLoss, TheAllowedDistanceIsTheLine) {
    for (const double sign : {-1.0, 1.0}) {
        Trace candidate = matrix.reference();
        const WindowScale& window = yardstick.windows[3];
        const double allowed = window.loss_tolerance.allowed();
        EXPECT_LT(allowed, 1e-2 * *window.loss_truth);
        candidate.ranks[0][3].loss = *window.loss_truth + sign * 0.9 * allowed;
        EXPECT_EQ(check(candidate).outcome, Outcome::equivalent);
        EXPECT_EQ(check(candidate).worst, (Place{4, 0, "", -1}));
        EXPECT_NEAR(check(candidate).margin, 0.9, 1e-2);

        candidate.ranks[0][3].loss = *window.loss_truth + sign * 1.1 * allowed;
        const CheckResult red = check(candidate);
        EXPECT_EQ(red.outcome, Outcome::divergent);
        EXPECT_EQ(red.first, (Place{4, 0, "", -1}));
        EXPECT_EQ(red.worst, red.first);
        EXPECT_EQ(red.tolerance, window.loss_tolerance);
        EXPECT_NEAR(red.margin, 1.1, 1e-2);
        EXPECT_TRUE(says(red.message, "window 4 has loss"));
    }
}

TEST_P(CheckLoss, AnExactWindowAllowsNoOtherBit) {
    Yardstick exact = yardstick_of(matrix.reference());
    Trace trace = matrix.candidate({16, 1, 1});
    exact.windows[1].loss_truth = exact.windows[1].loss = trace.ranks[0][1].loss = 3;
    exact.windows[1].spare_bits = 9;
    const auto outcome = [&] { return check_loss(exact, trace, align(exact, trace)).outcome; };
    EXPECT_EQ(outcome(), Outcome::identical);
    trace.ranks[0][1].loss = std::nextafter(3, 4);
    EXPECT_EQ(outcome(), Outcome::divergent);
    exact.windows[1].spare_bits = -1;
    EXPECT_EQ(outcome(), Outcome::equivalent);
}

TEST_P(CheckLoss, WhatLiesOnTheLineIsEquivalent) {
    Yardstick exact = yardstick;
    exact.windows[3].loss_truth = 0;
    exact.windows[3].loss_tolerance = {1, 0, 0, fail_factor};
    Trace candidate = matrix.reference();
    candidate.ranks[0][3].loss = fail_factor;
    EXPECT_EQ(check_loss(exact, candidate, align(exact, candidate)).outcome, Outcome::equivalent);
    candidate.ranks[0][3].loss = std::nextafter(fail_factor, 100);
    EXPECT_EQ(check_loss(exact, candidate, align(exact, candidate)).outcome, Outcome::divergent);
}

TEST_P(CheckLoss, ErrorIsTheWorstOfTheTrustedRuns) {
    const Trusted& trusted = *matrix.reference().ranks[0][1].trusted;
    const Tolerance& tolerance = yardstick.windows[1].loss_tolerance;
    EXPECT_EQ(tolerance.error, std::max({trusted.loss_errors[0], trusted.loss_errors[1], trusted.loss_errors[2],
                                         trusted.loss_errors[3]}));
    EXPECT_EQ(tolerance.magnitude, trusted.loss_magnitude);
    EXPECT_EQ(tolerance.unit_roundoff, unit_roundoff(GetParam()));
}

TEST_P(CheckLoss, WhatIsNotANumberIsRed) {
    for (const double loss : {std::nan(""), infinity, -infinity}) {
        Trace candidate = matrix.candidate({4, 2, 2});
        candidate.ranks[1][2].loss = loss;
        const CheckResult result = check(candidate);
        EXPECT_EQ(result.outcome, Outcome::divergent);
        EXPECT_EQ(result.margin, infinity);
        EXPECT_EQ(result.first, (Place{3, 0, "", -1}));
    }
}

TEST_P(CheckLoss, TheFirstAndTheWorstMayDiffer) {
    Trace candidate = matrix.reference();
    candidate.ranks[0][1].loss = *candidate.ranks[0][1].loss * 1.5;
    candidate.ranks[0][3].loss = *candidate.ranks[0][3].loss * 3;
    candidate.ranks[0][5].loss = *candidate.ranks[0][5].loss * 1.25;
    const CheckResult result = check(candidate);
    EXPECT_EQ(result.first, (Place{2, 0, "", -1}));
    EXPECT_EQ(result.worst, (Place{4, 0, "", -1}));
    EXPECT_TRUE(says(result.message, "window 2 has loss"));
}

TEST_P(CheckLoss, AWindowWithoutATruthIsNotCompared) {
    Trace reference = matrix.reference();
    reference.ranks[0][3].trusted.reset();
    const Yardstick partial = yardstick_of(reference);
    Trace candidate = matrix.candidate({16, 1, 1});
    candidate.ranks[0][3].loss = 1e9;
    EXPECT_EQ(check_loss(partial, candidate, align(partial, candidate)).outcome, Outcome::identical);
}

TEST_P(CheckLoss, AStrangeWindowIsNotCompared) {
    Trace candidate = matrix.candidate({16, 1, 1});
    candidate.ranks[0][3].micros[0].samples[0] = "stranger";
    candidate.ranks[0][3].loss = 1e9;
    EXPECT_EQ(check(candidate).outcome, Outcome::identical);
}

TEST_P(CheckLoss, ALossThatWasNotRecordedProvesNothing) {
    Trace candidate = matrix.candidate({4, 2, 2});
    candidate.ranks[1][2].loss.reset();
    const CheckResult result = check(candidate);
    EXPECT_EQ(result.outcome, Outcome::inconclusive);
    EXPECT_EQ(result.first, (Place{3, 0, "", -1}));
    EXPECT_TRUE(says(result.message, "the loss of window 3 was not recorded"));
    candidate.ranks[0][3].loss = 1e9;  // what is red stays red, and says so
    EXPECT_EQ(check(candidate).outcome, Outcome::divergent);
    EXPECT_EQ(check(candidate).first, (Place{4, 0, "", -1}));
    EXPECT_TRUE(says(check(candidate).message, "window 4 has loss"));
}

TEST(CheckLoss, EveryCopyHasItsOwn) {
    const Synthetic nested({.copies = 2});
    const Yardstick yardstick = yardstick_of(nested.reference());
    Trace candidate = nested.candidate({4, 2, 2});
    *candidate.ranks[0][1].loss -= 5;
    *candidate.ranks[1][1].loss += 5;  // their mean is right
    const CheckResult result = check_loss(yardstick, candidate, align(yardstick, candidate));
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.first, (Place{2, 0, "", -1}));
}

}  // namespace
}  // namespace isobatch
