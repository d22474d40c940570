#include "diagnose/recover.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/seed.h"
#include "diagnose/evidence_of.h"
#include "tests/base/expect.h"
#include "tests/diagnose/matrix.h"
#include "tests/judge/edit.h"
#include "tests/judge/recipes.h"

namespace isobatch {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

class Recover : public testing::TestWithParam<Recipe> {
protected:
    Evidence recovered(const Trace& candidate) const {
        Evidence evidence = evidence_of(yardstick, candidate);
        Decoder(yardstick).recover(evidence, candidate);
        return evidence;
    }
    double exactness() const { return GetParam() == Recipe::fp64 ? 1e-12 : 1e-5; }

    const Synthetic matrix{{.recipe = GetParam(), .seed = 5}};
    const Yardstick yardstick = yardstick_of(matrix.reference());
};
INSTANTIATE_TEST_SUITE_P(Recipes, Recover, all_recipes(), recipe_name);

TEST_P(Recover, FindsTheWeightsThatWerePlanted) {
    const auto weight = [](std::size_t w, std::size_t i) { return Random(Seed{w}.split(i)).normal(); };
    for (const Split& split : {Split{16, 1, 1}, Split{4, 2, 2}, Split{1, 1, 16}}) {
        const Evidence evidence = recovered(matrix.candidate(split, {.weight = weight}));
        ASSERT_EQ(evidence.windows.size(), 5u);
        for (const WindowEvidence& window : evidence.windows) {
            EXPECT_EQ(window.refused, "");
            EXPECT_GT(window.condition, 1);
            EXPECT_LT(window.condition, 100);
            EXPECT_EQ(window.weight_tolerance, weight_tolerance(GetParam(), window.condition));
            ASSERT_EQ(window.recovered.size(), 1u);
            const Recovered& entry = window.recovered[0];
            EXPECT_EQ(std::ssize(entry.ranks), split.devices);
            EXPECT_LE(entry.residual, residual_limit(GetParam()) / 100);
            const auto w = static_cast<std::size_t>(window.window - 1);
            for (std::size_t i = 0; i < entry.weights.size(); ++i) {
                EXPECT_EQ(std::isnan(entry.weights[i]), matrix.windows()[w].units[i] == 0);
                EXPECT_FALSE(std::abs(entry.weights[i] - weight(w, i)) > exactness());
            }
            for (const double stale : entry.stale) EXPECT_NEAR(stale, 0, exactness());
        }
    }
}

TEST_P(Recover, FindsTheShareOfEveryEarlierGradient) {
    Trace candidate = matrix.candidate({4, 4, 1});
    const double shares[] = {0.5, -2, 0, 1, 0.25};
    for (std::size_t earlier = 0; earlier < 5; ++earlier)
        for (const char* name : {"grad/weight", "grad/bias", "grad/key"}) {
            const std::vector<double> old = as_doubles(matrix.reference().ranks[0][earlier].tensors.at(name), name);
            edit(candidate.ranks[0][5], name, [&](std::size_t j, double g) { return g + shares[earlier] * old[j]; });
        }
    const Recovered entry = recovered(candidate).windows.at(4).recovered.at(0);
    ASSERT_EQ(entry.stale.size(), 5u);
    for (std::size_t earlier = 0; earlier < 5; ++earlier)
        EXPECT_NEAR(entry.stale[earlier], shares[earlier], exactness());
    for (const double weight : entry.weights) EXPECT_FALSE(std::abs(weight - 1) > exactness());
}

TEST_P(Recover, FindsHowOftenATermOfTheLossCountsBeyondItsShareInTheSamples) {
    Trace reference = matrix.reference();
    const auto direction = [](std::size_t t, std::size_t j) { return std::sin(double(7 * t + j)); };
    std::size_t t = 0;
    for (const Parameter& parameter : reference.manifest.parameters) {
        std::vector<double> part(reference.ranks[0][1].tensors.at("grad/" + parameter.name).count());
        for (std::size_t j = 0; j < part.size(); ++j) part[j] = direction(t, j);
        if (parameter.name != "bias")  // which the penalty leaves alone
            reference.ranks[0][1].tensors["term/penalty/" + parameter.name] =
                tensor_of(Dtype::f64, parameter.shape, std::move(part));
        if (parameter.name == "bias")
            reference.ranks[0][1].tensors["term/auxiliary/bias"] =
                tensor_of(Dtype::f64, parameter.shape, std::vector<double>(part.size(), 0));
        ++t;
    }
    Trace candidate = matrix.candidate({4, 4, 1});
    edit(candidate.ranks[0][1], "grad/weight", [&](std::size_t j, double g) { return g + 3 * direction(0, j); });
    edit(candidate.ranks[0][1], "grad/key", [&](std::size_t j, double g) { return g + 3 * direction(2, j); });
    const Yardstick measure = yardstick_of(reference);
    Evidence evidence = evidence_of(measure, candidate);
    Decoder(measure).recover(evidence, candidate);
    const WindowEvidence& window = evidence.windows.at(1);
    ASSERT_EQ(window.terms.size(), 2u);
    EXPECT_EQ(window.terms[0], LossTerm{"auxiliary"});
    EXPECT_EQ(window.terms[1].name, "penalty");
    EXPECT_GT(window.terms[1].tolerance, 0);
    const Recovered entry = window.recovered.at(0);
    ASSERT_EQ(entry.terms.size(), 2u);
    EXPECT_TRUE(std::isnan(entry.terms[0])) << "it moves nothing";
    EXPECT_NEAR(entry.terms[1], 3, 10 * exactness());
    EXPECT_LE(entry.residual, residual_limit(GetParam()));
    for (const double weight : entry.weights) EXPECT_FALSE(std::abs(weight - 1) > 10 * exactness());
    EXPECT_TRUE(evidence.windows.at(0).terms.empty());
}

TEST_P(Recover, ATermThatNothingTellsFromTheSamplesStaysTheirs) {
    Trace reference = matrix.reference();
    for (const Parameter& parameter : reference.manifest.parameters) {
        Tensors& tensors = reference.ranks[0][0].tensors;
        tensors["term/auxiliary/" + parameter.name] = tensors.at("sample/3/" + parameter.name);
    }
    const Yardstick measure = yardstick_of(reference);
    const Trace candidate = matrix.candidate({4, 4, 1}, {.weight = [](std::size_t, std::size_t) { return 2.0; }});
    Evidence evidence = evidence_of(measure, candidate), plain = recovered(candidate);
    Decoder(measure).recover(evidence, candidate);
    EXPECT_EQ(evidence.windows[0].refused, "");
    EXPECT_EQ(evidence.windows[0].condition, plain.windows[0].condition);
    const Recovered entry = evidence.windows[0].recovered.at(0);
    ASSERT_EQ(entry.terms.size(), 1u);
    EXPECT_TRUE(std::isnan(entry.terms[0]));
    for (const double weight : entry.weights) EXPECT_FALSE(std::abs(weight - 2) > 10 * exactness());
}

TEST_P(Recover, InALongRunTheOldestShareIsThatOfAllBeforeTheLastSix) {
    const Synthetic longer({.recipe = GetParam(), .epochs = 4});
    const Yardstick measure = yardstick_of(longer.reference());
    Trace candidate = longer.candidate({16, 1, 1});
    const auto add = [&](std::size_t earlier, double share) {
        for (const char* name : {"grad/weight", "grad/bias", "grad/key"}) {
            const std::vector<double> old = as_doubles(longer.reference().ranks[0][earlier].tensors.at(name), name);
            edit(candidate.ranks[0][11], name, [&](std::size_t j, double g) { return g + share * old[j]; });
        }
    };
    for (std::size_t earlier = 0; earlier < 5; ++earlier) add(earlier, 0.75);
    add(5, 3);
    add(10, -1);
    Evidence evidence = evidence_of(measure, candidate);
    Decoder(measure).recover(evidence, candidate);
    const std::vector<double>& stale = evidence.windows.back().recovered.at(0).stale;
    const double expected[] = {0.75, 3, 0, 0, 0, 0, -1};
    ASSERT_EQ(stale.size(), 7u);
    for (std::size_t k = 0; k < 7; ++k) EXPECT_NEAR(stale[k], expected[k], 10 * exactness()) << k;
    EXPECT_EQ(evidence.windows[5].recovered.at(0).stale.size(), 6u);  // window 7: all six are told apart
}

TEST_P(Recover, RanksWithOneGradientShareAnEntry) {
    Trace candidate = matrix.candidate({2, 2, 4});
    misweigh(candidate.ranks[1][2], matrix.reference().ranks[0][2], 3, 0.5);
    candidate.ranks[3][2].tensors = candidate.ranks[1][2].tensors;
    const WindowEvidence window = recovered(candidate).windows.at(2);
    ASSERT_EQ(window.recovered.size(), 2u);
    EXPECT_EQ(window.recovered[0].ranks, (std::vector<int>{0, 2}));
    EXPECT_EQ(window.recovered[1].ranks, (std::vector<int>{1, 3}));
    EXPECT_NEAR(window.recovered[0].weights[3], 1, exactness());
    EXPECT_NEAR(window.recovered[1].weights[3], 1.5, exactness());

    edit(candidate.ranks[2][2], "grad/key",
         [](std::size_t j, double g) { return j == 3 ? g + 1e-30 + 1e-3 * std::abs(g) : g; });
    EXPECT_EQ(recovered(candidate).windows.at(2).recovered.size(), 3u);  // one other bit in one tensor
}

TEST_P(Recover, WhatNoWeightsExplainIsTheResidual) {
    Trace candidate = matrix.candidate({4, 4, 1});
    edit(candidate.ranks[0][0], "grad/weight", [](std::size_t j, double g) { return j == 11 ? g + 1 : g; });
    const std::vector<WindowEvidence> windows = recovered(candidate).windows;
    EXPECT_GT(windows.at(0).recovered.at(0).residual, 0.1);
    EXPECT_LT(windows.at(1).recovered.at(0).residual, residual_limit(GetParam()));
}

/// Not even by the right ones beside them: no weights of samples leave some parameters right and others wrong.
TEST_P(Recover, WrongParametersThatTellNoMicrosApartAreRefused) {
    Trace candidate = matrix.candidate({1, 8, 2});
    edit(candidate.ranks[1][1], "grad/bias", [](std::size_t, double g) { return 1.5 * g; });
    const std::vector<WindowEvidence> windows = recovered(candidate).windows;
    EXPECT_TRUE(says(windows.at(1).refused, "in bias, which alone is wrong, 7 parameters cannot tell"));
    EXPECT_TRUE(windows.at(1).recovered.empty()) << "of no rank: they are one window";
    EXPECT_EQ(windows.at(2).refused, "");
    EXPECT_FALSE(windows.at(2).recovered.empty());
}

TEST_P(Recover, WhereParametersTellNoSamplesApartMicrosHaveWeights) {
    const auto third = [](std::size_t, std::size_t i) { return i / 4 == 2 ? 1.5 : 1.0; };  // micros hold four
    Trace candidate = matrix.candidate({4, 4, 1});
    const Trace wrong = matrix.candidate({4, 4, 1}, {.weight = third});
    edit(candidate.ranks[0][1], "grad/bias",
         [&](std::size_t j, double) { return as_doubles(wrong.ranks[0][1].tensors.at("grad/bias"), "bias")[j]; });
    const WindowEvidence window = recovered(candidate).windows.at(1);
    EXPECT_EQ(window.refused, "");
    const Recovered& entry = window.recovered.at(0);
    EXPECT_EQ(entry.by_micros, "7 parameters cannot tell 17 samples and earlier gradients apart");
    EXPECT_EQ(entry.tensors, std::vector<std::string>{"bias"});
    EXPECT_LE(entry.residual, residual_limit(GetParam()));
    for (std::size_t i = 0; i < entry.weights.size(); ++i) {
        if (std::isnan(entry.weights[i])) continue;
        EXPECT_NEAR(entry.weights[i], third(0, i), window.weight_tolerance) << i;
    }

    const Synthetic small({.recipe = GetParam(), .lengths = Lengths::equal, .parameters = {{"weight", {8}}}});
    const Record record = records_of(small, {{4, 4, 1}}, loop_with(Cause::missing_accum_division)).at(0);
    const Recovered& whole = record.evidence.windows.at(0).recovered.at(0);
    EXPECT_EQ(whole.by_micros, "8 parameters cannot tell 16 samples and earlier gradients apart");
    for (const double weight : whole.weights) EXPECT_NEAR(weight, 4, 4 * record.evidence.windows[0].weight_tolerance);
}

TEST_P(Recover, AGradientThatIsNotFiniteHasNoWeights) {
    for (const double value : {std::nan(""), infinity, -infinity}) {
        Trace candidate = matrix.candidate({4, 4, 1});
        edit(candidate.ranks[0][1], "grad/key", [&](std::size_t j, double g) { return j == 3 ? value : g; });
        const Recovered entry = recovered(candidate).windows.at(1).recovered.at(0);
        EXPECT_EQ(entry.residual, infinity);
        EXPECT_EQ(entry.weights.size(), 16u);
        EXPECT_EQ(entry.stale.size(), 1u);
        for (const double weight : entry.weights) EXPECT_TRUE(std::isnan(weight));
        for (const double stale : entry.stale) EXPECT_TRUE(std::isnan(stale));
    }
}

TEST_P(Recover, TooFewParametersAreRefused) {
    const Synthetic small({.recipe = GetParam(), .lengths = Lengths::equal, .parameters = {{"weight", {16}}}});
    const std::vector<Record> records = records_of(small, {{1, 16, 1}}, loop_with(Cause::missing_accum_division));
    const std::vector<WindowEvidence>& windows = records.at(0).evidence.windows;
    std::vector<bool> refused;
    for (const WindowEvidence& window : windows) {
        refused.push_back(!window.refused.empty());
        EXPECT_EQ(window.recovered.empty(), refused.back());
        if (!refused.back()) continue;
        EXPECT_TRUE(says(window.refused, "16 parameters cannot tell"));
        EXPECT_EQ(window.condition, 0);
        EXPECT_EQ(window.weight_tolerance, 0);
    }
    // 16 samples fit in the first window; then the earlier gradients are columns, too. The tails have 11 samples.
    EXPECT_EQ(refused, (std::vector<bool>{false, true, false, true, false}));
}

TEST_P(Recover, GradientsThatAreTooAlikeAreRefused) {
    const double alike = GetParam() == Recipe::fp64 ? 1 - 1e-15 : 1 - 1e-6;
    const Synthetic same({.recipe = GetParam(), .alike = alike});
    const std::vector<Record> records = records_of(same, {{4, 4, 1}}, loop_with(Cause::missing_accum_division));
    for (const WindowEvidence& window : records.at(0).evidence.windows) {
        EXPECT_TRUE(says(window.refused, "too alike (condition"));
        EXPECT_GT(window.weight_tolerance, refuse_above);
        EXPECT_TRUE(window.recovered.empty());
    }
}

TEST_P(Recover, AWindowWithoutAnyGradientIsRefused) {
    Synthetic silent({.recipe = GetParam(), .samples = 16, .epochs = 1});
    Trace reference = silent.reference();
    for (auto& [key, tensor] : reference.ranks[0][0].tensors)
        edit(reference.ranks[0][0], key, [](std::size_t, double) { return 0.0; });
    const Yardstick measure = yardstick_of(reference);
    Evidence evidence = evidence_of(measure, silent.candidate({4, 4, 1}));
    Decoder(measure).recover(evidence, silent.candidate({4, 4, 1}));
    EXPECT_EQ(evidence.windows.at(0).refused, "no sample of the window has a gradient");
}

TEST_P(Recover, AMissingRankOrTensorIsNoCrash) {
    Trace candidate = matrix.candidate({4, 2, 2});
    candidate.ranks[1].pop_back();  // its samples were in the last window, which is then a stranger
    EXPECT_EQ(recovered(candidate).windows.size(), 4u);
    Trace absent = matrix.candidate({4, 2, 2});
    absent.ranks[1][0].tensors.erase("grad/bias");
    EXPECT_TRUE(says(error_of([&] { recovered(absent); }).what(), "does not hold a gradient"));
}

TEST(WeightTolerance, FollowsTheConditionAboveItsFloor) {
    EXPECT_EQ(weight_tolerance(Recipe::fp64, 1), 1e-9);
    EXPECT_EQ(weight_tolerance(Recipe::fp32, 1), 1e-5);
    EXPECT_EQ(weight_tolerance(Recipe::fp64, 1e10), 16 * 0x1p-53 * 1e10);
    EXPECT_EQ(weight_tolerance(Recipe::fp32, 1e4), 16 * 0x1p-24 * 1e4);
    EXPECT_EQ(weight_tolerance(Recipe::fp32, infinity), infinity);
    for (const Recipe recipe : {Recipe::bf16, Recipe::bf16_autocast, Recipe::fp16_autocast}) {
        EXPECT_EQ(weight_tolerance(recipe, 2), 5e-3);
        EXPECT_EQ(weight_tolerance(recipe, 128), refuse_above) << "what is more alike is not decoded";
    }
    EXPECT_EQ(refuse_above, 0.25);
}

TEST(ResidualLimit, IsAboveTheCleanRunsOfTheRecipe) {
    EXPECT_EQ(residual_limit(Recipe::fp64), 1e-10);
    EXPECT_EQ(residual_limit(Recipe::fp32), 1e-4);
    EXPECT_EQ(residual_limit(Recipe::bf16), 2e-2);
    EXPECT_EQ(residual_limit(Recipe::fp16_sum), 2e-2);
    EXPECT_EQ(weight_tolerance(Recipe::bf16_sum, 8), 0x1p-3);
    EXPECT_EQ(weight_tolerance(Recipe::fp16_sum, 64), 0x1p-3);
    EXPECT_EQ(weight_tolerance(Recipe::fp16_sum, 1), 5e-3);
}

}  // namespace
}  // namespace isobatch
