/// An outside trainer whose samples' own gradients do not give its reference's: its splits are held to one another.
#include "judge/outside_scale.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/outside_runs.h"

namespace isobatch {
namespace {

/// A right loop but for a term that is added so many times to each gradient.
struct Terms {
    double reference = 1, single = 16;
    double each_micro = 1;
};

/// Of a matrix in whose first window no sample is silent: the share of such a one would be the term alone.
std::uint64_t without_silence() {
    std::uint64_t seed = 1;
    const auto silent = [&] {
        const std::vector<double> units = Synthetic({.seed = seed}).windows()[0].units;
        return std::count(units.begin(), units.end(), 0) > 0;
    };
    while (silent()) ++seed;
    return seed;
}

class OutsideScale : public testing::TestWithParam<Recipe> {
protected:
    Yardstick yardstick(const Terms& terms, double scale = 1) const {
        Trace reference = outside_run(matrix, {16, 1, 1}),
              single = outside_columns(matrix, [=](std::size_t) { return scale; });
        add_term(reference, "grad/", terms.reference);
        add_term(single, "grad/", terms.single);
        for (int i = 0; i < 16; ++i) add_term(single, fmt::format("micro/{}/", i), scale * terms.each_micro);
        return outside_yardstick(reference, single);
    }
    CheckResult grad(const Yardstick& yardstick, const Split& split, double times) const {
        Trace candidate = outside_run(matrix, split);
        add_term(candidate, "grad/", times);
        return result_of(judge(yardstick, candidate), Check::grad);
    }

    const Synthetic matrix{{.recipe = GetParam(), .seed = without_silence()}};
};
INSTANTIATE_TEST_SUITE_P(Recipes, OutsideScale, testing::Values(Recipe::fp64, Recipe::fp32));

TEST_P(OutsideScale, ATermOfEveryBackwardIsDivergent) {
    const Yardstick found = yardstick({});
    const WindowScale& window = found.windows[0];
    EXPECT_GT(window.unexplained, 1e-5);
    EXPECT_EQ(window.one_by_one.size(), 3u);
    for (const TensorScale& scale : window.tensors) {
        EXPECT_EQ(scale.tolerance.magnitude, window.tensors[0].tolerance.magnitude);
        EXPECT_EQ(scale.tolerance.unit_roundoff, 0x1p-6);
        EXPECT_EQ(scale.tolerance.error, 0);
        EXPECT_EQ(scale.tolerance.factor, 1);
    }
    EXPECT_EQ(window.suspect, 256 * unit_roundoff(GetParam()) / 0x1p-6);
    const CheckResult red = grad(found, {4, 4, 1}, 4);
    EXPECT_EQ(red.outcome, Outcome::divergent);
    EXPECT_TRUE(
        says(red.message,
             "a term of its own is added with every backward, 4 time(s) here and 1 in the reference, to weight"));
    EXPECT_EQ(grad(found, {16, 1, 1}, 1).outcome, Outcome::identical);
    EXPECT_TRUE(says(found.clauses[0].reason, "no weights of the samples' gradients give the reference's"));
}

TEST_P(OutsideScale, EveryParameterIsLookedAt) {
    for (const char* name : {"weight", "bias", "key"}) {
        Trace reference = outside_run(matrix, {16, 1, 1});
        edit(reference.ranks[0][0], fmt::format("grad/{}", name),
             [](std::size_t j, double value) { return value + 0.1 * static_cast<double>(j % 3); });
        EXPECT_GT(outside_yardstick(reference, outside_columns(matrix)).windows[0].unexplained, 0) << name;
    }
}

TEST_P(OutsideScale, AGradientOfSingleSamplesThatIsNoneIsNotHeldAgainst) {
    const auto ones = [&](const std::function<void(Step&)>& damage) {
        Trace reference = outside_run(matrix, {16, 1, 1}), single = outside_columns(matrix);
        for (Trace* trace : {&reference, &single}) add_term(*trace, "grad/", 3);
        damage(single.ranks[0][0]);
        const Yardstick found = outside_yardstick(reference, single);
        EXPECT_GT(found.windows[0].unexplained, 0);
        return found.windows[0].one_by_one.size();
    };
    EXPECT_EQ(ones([](Step&) {}), 3u);
    EXPECT_EQ(ones([](Step& step) { step.tensors.erase("grad/weight"); }), 0u);
    EXPECT_EQ(ones([](Step& step) { step.tensors["grad/weight"] = step.tensors.at("grad/key"); }), 0u);
    EXPECT_EQ(ones([](Step& step) {
                  edit(step, "grad/weight", [](std::size_t j, double value) { return j == 1 ? std::nan("") : value; });
              }),
              0u);
}

TEST_P(OutsideScale, WhatEverySplitAddsOnceIsNoFault) {
    const Yardstick found = yardstick({.reference = 3, .single = 3, .each_micro = 0});
    EXPECT_GT(found.windows[0].unexplained, 1e-5);
    for (const Split& split : {Split{4, 4, 1}, Split{1, 16, 1}})
        EXPECT_EQ(grad(found, split, 3).outcome, Outcome::equivalent) << to_string(split);
    const CheckResult suspect = grad(found, {4, 4, 1}, 3 + 1e-2);
    EXPECT_EQ(suspect.outcome, Outcome::inconclusive) << "fewer bits inside the model might leave that";
    EXPECT_TRUE(says(suspect.message, "suspect: the gradient is"));
    EXPECT_EQ(grad(found, {4, 4, 1}, 30).outcome, Outcome::divergent) << "and nothing that";
}

TEST_P(OutsideScale, WhereTheArithmeticWasSeenToBeWideMoreThanRoundingIsWrong) {
    Trace reference = outside_run(matrix, {16, 1, 1}), single = outside_columns(matrix);
    for (Trace* trace : {&reference, &single}) add_term(*trace, "grad/", 3);
    reference.manifest.provenance["arithmetic"] = "as wide as its parameters";
    const Yardstick found = outside_yardstick(reference, single);
    EXPECT_EQ(found.windows[0].suspect, 1);
    EXPECT_EQ(grad(found, {4, 4, 1}, 3).outcome, Outcome::equivalent);
    EXPECT_EQ(grad(found, {4, 4, 1}, 3 + 1e-2).outcome, Outcome::divergent);
    reference.manifest.device = "cuda:0";  // which may round products of fp32 to 11 bits
    EXPECT_EQ(outside_yardstick(reference, single).windows[0].tensors[0].tolerance.unit_roundoff, 0.25);
}

TEST_P(OutsideScale, TheSharesHaveTheSizeThatTheirOwnRunGivesThem) {
    const double size =
        yardstick({.reference = 3, .single = 3, .each_micro = 0}).windows[0].tensors[0].tolerance.magnitude;
    for (const double scale : {1000.0, 1e-6}) {
        const Yardstick unscaled = yardstick({.reference = 3, .single = 3, .each_micro = 0}, scale);
        EXPECT_NEAR(unscaled.windows[0].tensors[0].tolerance.magnitude / size, 1, 1e-3);
        EXPECT_GT(unscaled.windows[0].tensors[0].sample_peaks[0], 0);
        for (std::size_t i = 1; i < 16; ++i)
            EXPECT_EQ(unscaled.windows[0].share_factors[i], unscaled.windows[0].share_factors[0]);
    }
}

TEST_P(OutsideScale, SamplesThatAreTooAlikeAreJudgedAllTheSame) {
    Trace single = outside_columns(matrix);
    Step& step = single.ranks[0][0];
    for (const char* name : {"weight", "bias", "key"}) {  // each takes half of both
        const std::string key = fmt::format("micro/3/{}", name), other = fmt::format("micro/4/{}", name);
        const std::vector<double> values = as_doubles(step.tensors.at(other), other);
        edit(step, key, [&](std::size_t j, double value) { return (value + values[j]) / 2; });
        step.tensors[other] = step.tensors[key];
    }
    const Yardstick found = outside_yardstick(outside_run(matrix, {16, 1, 1}), single);
    EXPECT_EQ(found.windows[0].unexplained, 0);
    EXPECT_EQ(judge(found, outside_run(matrix, {4, 4, 1})).outcome, Outcome::equivalent);
    const auto wrong = [](std::size_t, std::size_t i) { return i == 7 ? 1.01 : 1.0; };
    EXPECT_EQ(judge(found, outside_run(matrix, {4, 4, 1}, {.weight = wrong})).outcome, Outcome::divergent);
    EXPECT_TRUE(says(found.clauses[0].reason, "too alike, or more than there are parameters"));
}

TEST_P(OutsideScale, SoAreMoreSamplesThanParameters) {
    const Synthetic small({.recipe = GetParam(), .parameters = {{"weight", {3, 4}}}});
    const Yardstick found = outside_yardstick(outside_run(small, {16, 1, 1}), outside_columns(small));
    EXPECT_EQ(found.windows[0].unexplained, 0);
    EXPECT_EQ(judge(found, outside_run(small, {2, 8, 1})).outcome, Outcome::equivalent);
    EXPECT_EQ(
        judge(found,
              outside_run(small, {2, 8, 1},
                          {.divisor = [](const auto& window, const auto&, double) { return units_of(window) - 1; }}))
            .outcome,
        Outcome::divergent);
}

TEST_P(OutsideScale, SharesDoNotExplainAReferenceWithoutAnyGradient) {
    const Synthetic small({.recipe = GetParam(), .parameters = {{"weight", {3, 4}}}});
    Trace reference = outside_run(small, {16, 1, 1});
    const auto silence = [](Trace& trace) { edit(trace.ranks[0][0], "grad/weight", [](auto, double) { return 0.0; }); };
    silence(reference);
    const Yardstick found = outside_yardstick(reference, outside_columns(small));
    EXPECT_TRUE(std::isinf(found.windows[0].unexplained));
    Trace other = outside_run(small, {2, 8, 1});
    EXPECT_EQ(judge(found, other).outcome, Outcome::divergent);
    silence(other);
    EXPECT_LE(result_of(judge(found, other), Check::grad).outcome, Outcome::equivalent);
}

TEST_P(OutsideScale, SharesKeepTheirSizeWhereTheirOwnRunDoesNotTellOne) {
    const Synthetic small({.recipe = GetParam(), .parameters = {{"weight", {3, 4}}}});
    Trace single = outside_columns(small);
    edit(single.ranks[0][0], "grad/weight", [](auto, double) { return 0.0; });
    const Yardstick found = outside_yardstick(outside_run(small, {16, 1, 1}), single);
    EXPECT_EQ(found.windows[0].share_factors, std::vector<double>(16, 1));
}

TEST_P(OutsideScale, ARunWithoutAnyGradientHasNoYardstick) {
    const Trace silent = outside_columns(matrix, [](std::size_t) { return 0.0; });
    EXPECT_TRUE(says(error_of([&] {
                         outside_yardstick(outside_run(matrix, {16, 1, 1}), silent);
                     }).what(),
                     "added anything to a gradient"));
}

}  // namespace
}  // namespace isobatch
