#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "judge/compare.h"
#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/edit.h"
#include "tests/judge/recipes.h"
#include "tests/judge/synthetic.h"

namespace isobatch {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

class CheckGrad : public testing::TestWithParam<Recipe> {
protected:
    CheckResult check(const Trace& candidate) const {
        return check_grad(yardstick, candidate, align(yardstick, candidate));
    }
    const Step& scale(std::size_t w) const { return matrix.reference().ranks[0][w]; }
    const TensorScale& scale(std::size_t w, const std::string& name) const {
        for (const TensorScale& tensor : yardstick.windows[w].tensors)
            if (tensor.name == name) return tensor;
        throw std::logic_error(name);
    }
    /// The reference's own run with element `j` of one gradient this far from the truth.
    Trace off_by(std::size_t w, const std::string& name, std::size_t j, double distance) const {
        Trace trace = matrix.candidate({16, 1, 1});
        const double truth = as_doubles(scale(w, name).truth, name)[j];
        edit(trace.ranks[0][w], "grad/" + name,
             [&](std::size_t at, double g) { return at == j ? truth + distance : g; });
        return trace;
    }

    const Synthetic matrix{{.recipe = GetParam(), .seed = 3}};
    const Yardstick yardstick = yardstick_of(matrix.reference());
};
INSTANTIATE_TEST_SUITE_P(Recipes, CheckGrad, all_recipes(), recipe_name);

TEST_P(CheckGrad, EveryParameterHasItsWorstMargin) {
    const std::string name = yardstick.windows[0].tensors[1].name;
    const double allowed = scale(1, name).tolerance.allowed();
    const CheckResult result = check(off_by(1, name, 0, 3 * allowed));
    ASSERT_EQ(result.parameters.size(), yardstick.windows[0].tensors.size());
    for (std::size_t t = 0; t < result.parameters.size(); ++t) {
        EXPECT_EQ(result.parameters[t].parameter, yardstick.windows[0].tensors[t].name);
        if (t == 1)
            EXPECT_NEAR(result.parameters[t].margin, 3, 0.1);
        else
            EXPECT_LE(result.parameters[t].margin, 1);
    }
    EXPECT_EQ(result.parameters[1].margin, result.margin);
}

TEST_P(CheckGrad, TheReferencesOwnBitsAreIdentical) {
    const CheckResult result = check(matrix.reference());
    EXPECT_EQ(result.outcome, Outcome::identical);
    EXPECT_EQ(result.message, "");
    EXPECT_FALSE(result.first);
    EXPECT_TRUE(result.worst);
    if (GetParam() == Recipe::fp64)
        EXPECT_EQ(result.margin, 0);  // it is its own truth
    else
        EXPECT_GT(result.margin, 0);
}

TEST_P(CheckGrad, OtherBitsAreEquivalent) {
    const CheckResult result = check(matrix.candidate({4, 2, 2}));
    EXPECT_EQ(result.outcome, Outcome::equivalent);
    EXPECT_GT(result.margin, 0);
    EXPECT_EQ(result.margin, margin_of(result.observed, result.tolerance));
    EXPECT_FALSE(result.first);
    EXPECT_EQ(result.message, "");

    Trace one_zero = matrix.candidate({16, 1, 1});
    edit(one_zero.ranks[0][0], "grad/key", [](std::size_t j, double g) { return j == 0 ? 0.0 : g; });
    EXPECT_EQ(check(one_zero).outcome, Outcome::equivalent);
}

TEST_P(CheckGrad, TheBandsAreEquivalentSuspectAndRed) {
    for (const char* name : {"weight", "bias", "key"}) {
        const double allowed = scale(2, name).tolerance.allowed();
        for (const double sign : {-1.0, 1.0}) {
            EXPECT_EQ(check(off_by(2, name, 1, sign * 0.115 * allowed)).outcome, Outcome::equivalent) << name;

            const CheckResult suspect = check(off_by(2, name, 1, sign * 0.135 * allowed));
            EXPECT_EQ(suspect.outcome, Outcome::inconclusive) << name;
            EXPECT_EQ(suspect.first, (Place{3, 0, name, 1}));
            EXPECT_TRUE(says(suspect.message, "suspect: 0.1"));
            EXPECT_TRUE(says(suspect.message, "clean runs stay below 0.12"));
            EXPECT_EQ(check(off_by(2, name, 1, sign * 0.98 * allowed)).outcome, Outcome::inconclusive) << name;

            const CheckResult red = check(off_by(2, name, 1, sign * 1.02 * allowed));
            EXPECT_EQ(red.outcome, Outcome::divergent) << name;
            EXPECT_EQ(red.first, (Place{3, 0, name, 1}));
            EXPECT_EQ(red.worst, red.first);
            EXPECT_EQ(red.tolerance, scale(2, name).tolerance);
            EXPECT_NEAR(red.margin, 1.02, 0.01);
            EXPECT_TRUE(says(red.message, "the gradient is"));
            EXPECT_TRUE(says(red.message, std::string("step 3, rank 0, ") + name + "[1]"));
        }
    }
}

TEST_P(CheckGrad, WhatLiesOnALineIsOnItsGreenSide) {
    Yardstick exact = yardstick;
    TensorScale& bias = exact.windows[1].tensors[1];
    bias.truth = tensor_of(Dtype::f64, {7}, std::vector<double>(7, 0));
    bias.tolerance = {1, 0, 0, fail_factor};
    for (const auto& [distance, outcome] : {std::pair{8.0, Outcome::equivalent},
                                            {8.001, Outcome::inconclusive},
                                            {64.0, Outcome::inconclusive},
                                            {64.01, Outcome::divergent}}) {
        Trace trace = matrix.candidate({16, 1, 1});
        edit(trace.ranks[0][1], "grad/bias", [&](std::size_t j, double) { return j == 2 ? distance : 0; });
        EXPECT_EQ(check_grad(exact, trace, align(exact, trace)).outcome, outcome) << distance;
    }
}

TEST_P(CheckGrad, TheReferencesOwnBitsAreRedWhereTheyAreFarFromTheTruth) {
    Yardstick far = yardstick;
    TensorScale& bias = far.windows[1].tensors[1];
    std::vector<double> values = as_doubles(bias.gradient, "bias");
    values[4] += 1.5;
    bias.truth = tensor_of(Dtype::f64, {7}, values);
    bias.tolerance = {1, 0, 0, 1};
    EXPECT_EQ(check_grad(far, matrix.reference(), align(far, matrix.reference())).outcome, Outcome::divergent);
}

TEST_P(CheckGrad, TheFirstAndTheWorstPlaceMayDiffer) {
    Trace trace = matrix.candidate({4, 2, 2});
    edit(trace.ranks[1][1], "grad/bias", [](std::size_t j, double g) { return j == 6 ? g + 1e-2 : g; });
    edit(trace.ranks[0][3], "grad/weight", [](std::size_t j, double g) { return j == 29 ? g + 10 : g; });
    edit(trace.ranks[0][5], "grad/weight", [](std::size_t j, double g) { return j == 0 ? g + 1 : g; });
    const CheckResult result = check(trace);
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.first, (Place{2, 1, "bias", 6}));
    EXPECT_EQ(result.worst, (Place{4, 0, "weight", 29}));
    EXPECT_NEAR(result.observed, 10, 1e-5);
    EXPECT_TRUE(says(result.message, "step 4, rank 0, weight[29] (1 of the 30 elements are too far)"));
}

TEST_P(CheckGrad, WhatIsNotFiniteIsRedAndInfinitelyFar) {
    for (const double value : {std::nan(""), infinity, -infinity}) {
        for (const std::size_t j : {0u, 3u}) {
            Trace trace = matrix.candidate({4, 2, 2});
            edit(trace.ranks[1][5], "grad/key", [&](std::size_t at, double g) { return at == j ? value : g; });
            const CheckResult result = check(trace);
            EXPECT_EQ(result.outcome, Outcome::divergent);
            EXPECT_EQ(result.margin, infinity);
            EXPECT_EQ(result.first, (Place{6, 1, "key", static_cast<std::int64_t>(j)}));
        }
    }
}

TEST_P(CheckGrad, NoComparedWindowIsNoPass) {
    Trace strange = matrix.candidate({16, 1, 1});
    for (Step& step : strange.ranks[0]) step.micros[0].samples[0] = "stranger";
    const CheckResult result = check(strange);
    EXPECT_EQ(result.outcome, Outcome::inconclusive);
    EXPECT_TRUE(says(result.message, "no window of this trial could be compared"));
    EXPECT_EQ(sensitivity_of(yardstick, strange, align(yardstick, strange)), infinity);
    EXPECT_EQ(check(Trace{}).outcome, Outcome::inconclusive);
}

TEST_P(CheckGrad, OneComparedWindowIsEnough) {
    Trace trace = matrix.candidate({16, 1, 1});
    for (std::size_t k = 1; k < 6; ++k) trace.ranks[0][k].micros[0].samples[0] = "stranger";
    EXPECT_EQ(check(trace).outcome, Outcome::identical);
}

TEST_P(CheckGrad, AWindowThatIsNotJudgedNeedsNoGradient) {
    Trace reference = matrix.reference();
    reference.ranks[0][3].trusted.reset();
    const Yardstick partial = yardstick_of(reference);
    Trace trace = matrix.candidate({4, 4, 1});
    trace.ranks[0][3].tensors.clear();
    EXPECT_EQ(check_grad(partial, trace, align(partial, trace)).outcome, Outcome::equivalent);
}

TEST_P(CheckGrad, ARankWithFewerStepsIsComparedAsFarAsItWent) {
    Trace trace = matrix.candidate({4, 2, 2});
    trace.ranks[1].resize(2);
    trace.ranks[1].push_back(trace.ranks[0][2]);
    trace.ranks[1].pop_back();
    edit(trace.ranks[1][1], "grad/weight", [](std::size_t, double g) { return g + 1; });
    EXPECT_EQ(check(trace).first->rank, 1);
}

TEST_P(CheckGrad, AnAbsentOrOtherTensorIsAnError) {
    Trace absent = matrix.candidate({4, 2, 2});
    absent.ranks[1][2].tensors.erase("grad/bias");
    const Error error = error_of([&] { check(absent); });
    EXPECT_EQ(error.where(), "rank 1, step 3, tensor \"grad/bias\"");
    EXPECT_TRUE(says(error.what(), "does not hold a gradient that the reference has"));

    Trace other = matrix.candidate({4, 2, 2});
    other.ranks[0][0].tensors["grad/bias"] = doubles_tensor({1, 2, 3});
    EXPECT_TRUE(says(error_of([&] { check(other); }).what(), "3 elements, the reference has 7"));

    Trace integers = matrix.candidate({4, 2, 2});
    integers.ranks[0][0].tensors["grad/bias"] = {Dtype::u8, {7}, std::as_bytes(std::span("sevenly", 7)), nullptr};
    EXPECT_TRUE(says(error_of([&] { check(integers); }).what(), "dtype U8"));
}

TEST_P(CheckGrad, ANarrowGradientIsComparedByItsNumbers) {
    Trace narrow = matrix.candidate({16, 1, 1});
    for (Step& step : narrow.ranks[0])
        for (auto& [key, tensor] : step.tensors) tensor = tensor_of(Dtype::f32, tensor.shape, as_doubles(tensor, key));
    EXPECT_EQ(check(narrow).outcome, GetParam() == Recipe::fp64 ? Outcome::divergent : Outcome::identical);
}

TEST_P(CheckGrad, AnExactWindowAllowsNoOtherBit) {
    Yardstick exact = yardstick;
    for (TensorScale& tensor : exact.windows[1].tensors) tensor.truth = tensor.gradient;
    exact.windows[1].spare_bits = 9;
    const auto check_exact = [&](const Trace& trace) { return check_grad(exact, trace, align(exact, trace)); };
    const auto changed = [&](const std::function<double(double)>& change) {
        Trace trace = matrix.candidate({16, 1, 1});
        edit(trace.ranks[0][1], "grad/bias", [&](std::size_t j, double g) { return j == 2 ? change(g) : g; });
        return trace;
    };
    const auto next = [](double g) {
        return GetParam() == Recipe::fp64 ? std::nextafter(g, infinity)
                                          : static_cast<double>(std::nextafter(static_cast<float>(g), 1e9f));
    };
    EXPECT_EQ(check_exact(matrix.candidate({16, 1, 1})).outcome, Outcome::identical);
    EXPECT_EQ(check(changed(next)).outcome, Outcome::equivalent);

    const CheckResult red = check_exact(changed(next));
    EXPECT_EQ(red.outcome, Outcome::divergent);
    EXPECT_EQ(red.margin, infinity);
    EXPECT_EQ(red.first, (Place{2, 0, "bias", 2}));
    EXPECT_TRUE(says(red.message, "where 0 is allowed")) << red.message;
    EXPECT_EQ(red.tolerance.factor, 0);

    // Of a zero only the sign may differ.
    const auto with_zero = [&](double zero) { return changed([=](double) { return zero; }); };
    for (TensorScale& tensor : exact.windows[1].tensors)
        if (tensor.name == "bias") tensor.truth = tensor.gradient = with_zero(0.0).ranks[0][1].tensors.at("grad/bias");
    EXPECT_EQ(check_exact(with_zero(0.0)).outcome, Outcome::identical);
    EXPECT_EQ(check_exact(with_zero(-0.0)).outcome, Outcome::equivalent);
    EXPECT_EQ(check_exact(with_zero(5e-324)).outcome,
              GetParam() == Recipe::fp64 ? Outcome::divergent : Outcome::identical);  // 0 in fp32
}

TEST_P(CheckGrad, InAnExactWindowAnUlpOfAWeightWouldBeSeen) {
    Yardstick exact = yardstick;
    for (WindowScale& window : exact.windows) window.spare_bits = 9;
    const Trace trace = matrix.candidate({16, 1, 1});
    const double seen = sensitivity_of(exact, trace, align(exact, trace));
    EXPECT_GT(seen, 0);
    EXPECT_LT(seen, sensitivity_of(yardstick, trace, align(yardstick, trace)) / 64);
}

TEST_P(CheckGrad, OtherShapesOfTheSameNumbersAreNotIdentical) {
    Trace flat = matrix.candidate({16, 1, 1});
    flat.ranks[0][0].tensors["grad/weight"].shape = {30};
    EXPECT_EQ(check(flat).outcome, Outcome::equivalent);
}

}  // namespace
}  // namespace isobatch
