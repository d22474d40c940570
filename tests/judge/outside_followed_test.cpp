/// An outside trainer's windows that all start from the reference's parameters, and gradients that are sketches.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/edit.h"
#include "tests/judge/recipes.h"
#include "tests/judge/synthetic.h"
#include "trace/sketch.h"

namespace isobatch {
namespace {

/// Every window of it, each said to start from the reference's parameters: what a recorder that follows leaves.
Trace followed(const Synthetic& matrix, const Split& split, const SyntheticLoop& loop = {}) {
    Trace trace = matrix.candidate(split, loop);
    trace.manifest.follows.reset();
    trace.manifest.contract.reset();
    for (std::vector<Step>& rank : trace.ranks)
        for (Step& step : rank) step.started = fmt::format("crc32:{:08x}", *step.number);
    return trace;
}

/// The run of one sample a micro, with what each of them added in every window.
Trace followed_columns(const Synthetic& matrix) {
    Trace trace = followed(matrix, {1, 16, 1});
    for (std::size_t k = 0; k < trace.ranks[0].size(); ++k) {
        const Step& reference = matrix.reference().ranks[0][k];
        if (!reference.trusted) trace.ranks[0][k].started.clear();  // its shares are not known
        for (std::size_t i = 0; reference.trusted && i < trace.ranks[0][k].micros.size(); ++i)
            for (const Parameter& parameter : trace.manifest.parameters)
                trace.ranks[0][k].tensors[fmt::format("micro/{}/{}", i, parameter.name)] =
                    reference.tensors.at(fmt::format("sample/{}/{}", i, parameter.name));
    }
    return trace;
}

class Followed : public testing::TestWithParam<Recipe> {
protected:
    const Synthetic matrix{{.recipe = GetParam(), .seed = 2}};
};
INSTANTIATE_TEST_SUITE_P(Recipes, Followed, all_recipes(), recipe_name);

TEST_P(Followed, EveryWindowIsJudgedThatStartsFromTheReferencesParameters) {
    const Yardstick yardstick = outside_yardstick(followed(matrix, {16, 1, 1}), followed_columns(matrix));
    ASSERT_EQ(yardstick.windows.size(), 6u);
    for (const WindowScale& window : yardstick.windows)
        EXPECT_EQ(window.tensors.size(), window.step == 5 ? 0u : 3u) << window.step;
    EXPECT_EQ(judge(yardstick, followed(matrix, {4, 4, 1})).outcome, Outcome::equivalent);
    const SyntheticLoop late{.weight = [](std::size_t w, std::size_t) { return w == 3 ? 2.0 : 1.0; }};
    Trace wrong = followed(matrix, {4, 4, 1}, late);
    const Verdict verdict = judge(yardstick, wrong);
    EXPECT_EQ(verdict.outcome, Outcome::divergent);
    EXPECT_EQ(result_of(verdict, Check::grad).first->step, 4);
    wrong.ranks[0][3].started = "crc32:00000000";  // nothing can be said of a gradient at other parameters
    EXPECT_EQ(judge(yardstick, wrong).outcome, Outcome::equivalent);
}

TEST_P(Followed, ALaterWindowThatDrewRandomNumbersIsNotComparable) {
    Trace large = followed(matrix, {16, 1, 1});
    Step& later = large.ranks[0][2];
    edit(later, "grad/weight", [](std::size_t j, double value) { return value + 0.01 * static_cast<double>(j % 7); });
    const Yardstick held = outside_yardstick(large, followed_columns(matrix));
    EXPECT_GT(held.windows[2].unexplained, 0);
    EXPECT_EQ(held.windows[2].tensors.size(), 3u);
    later.watched = Watched{.drew = true};
    const Yardstick unread = outside_yardstick(large, followed_columns(matrix));
    EXPECT_TRUE(unread.windows[2].tensors.empty());
    EXPECT_TRUE(says(unread.unread, "random numbers are drawn"));
}

TEST_P(Followed, WhatWasLeftOfAWindowIsNoGradient) {
    Trace large = followed(matrix, {16, 1, 1});
    Step& later = large.ranks[0][1];
    later.tensors = {{"left/weight", later.tensors.at("grad/weight")}};
    const Yardstick yardstick = outside_yardstick(large, followed_columns(matrix));
    EXPECT_EQ(yardstick.windows[0].tensors.size(), 3u);
    EXPECT_TRUE(yardstick.windows[1].gradients.empty());
}

TEST_P(Followed, WhatStartsFromOtherParametersIsNotComparable) {
    const Yardstick yardstick = outside_yardstick(followed(matrix, {16, 1, 1}), followed_columns(matrix));
    Trace other = followed(matrix, {4, 4, 1});
    for (Step& step : other.ranks[0]) step.started += "0";
    const CheckResult grad = result_of(judge(yardstick, other), Check::grad);
    EXPECT_EQ(grad.outcome, Outcome::inconclusive);
    EXPECT_TRUE(says(grad.message, "starts from other parameters"));
    Trace columns = followed_columns(matrix);
    columns.ranks[0][0].started += "0";
    EXPECT_TRUE(says(error_of([&] {
                         outside_yardstick(followed(matrix, {16, 1, 1}), columns);
                     }).problem(),
                     "start from other parameters"));
    columns = followed_columns(matrix);
    columns.ranks[0][3].started += "0";  // a later one is only not judged
    EXPECT_TRUE(outside_yardstick(followed(matrix, {16, 1, 1}), columns).windows[3].tensors.empty());
}

class Sketched : public testing::TestWithParam<Recipe> {
protected:
    const Synthetic matrix{{.recipe = GetParam(), .seed = 2, .parameters = {{"weight", {40, 50}}, {"bias", {7}}}}};
    const Yardstick yardstick =
        outside_yardstick(sketch_of(followed(matrix, {16, 1, 1})), sketch_of(followed_columns(matrix)));
    Trace candidate(const SyntheticLoop& loop = {}) const { return followed(matrix, {4, 4, 1}, loop); }
};
INSTANTIATE_TEST_SUITE_P(Recipes, Sketched, all_recipes(), recipe_name);

TEST_P(Sketched, CleanSplitsAreEquivalentAndOnlyTheSameBitsIdentical) {
    EXPECT_EQ(yardstick.windows[0].gradients[0].count(), 64u);
    const Verdict verdict = judge(yardstick, sketch_of(candidate()));
    EXPECT_EQ(verdict.outcome, Outcome::equivalent);
    EXPECT_LT(verdict.margin, 4.0 / 64);
    Trace same = sketch_of(followed(matrix, {16, 1, 1}));
    same.manifest.trial = "another";
    EXPECT_EQ(result_of(judge(yardstick, same), Check::grad).outcome, Outcome::identical);
    for (Step& step : same.ranks[0]) step.sketched["weight"].digest = "crc32:00000000";
    EXPECT_EQ(result_of(judge(yardstick, same), Check::grad).outcome, Outcome::equivalent);
}

TEST_P(Sketched, AWrongWeightIsDivergentAndItsElementIsOneOfTheParameter) {
    const Verdict verdict = judge(
        yardstick, sketch_of(candidate({.weight = [](std::size_t, std::size_t i) { return i == 7 ? 1.5 : 1.0; }})));
    EXPECT_EQ(verdict.outcome, Outcome::divergent);
    const Place first = *result_of(verdict, Check::grad).first;
    const std::vector<std::int64_t> drawn = sketch_coordinates({first.tensor, {40, 50}}, 16);
    EXPECT_EQ(first.tensor, "weight");
    EXPECT_EQ(std::count(drawn.begin(), drawn.end(), first.index), 1);
}

TEST_P(Sketched, WhatNoCoordinateShowsTheNormDoes) {
    const std::vector<std::int64_t> drawn = sketch_coordinates({"weight", {40, 50}}, 16);
    Trace wrong = candidate();
    edit(wrong.ranks[0][0], "grad/weight", [&](std::size_t j, double value) {
        return std::count(drawn.begin(), drawn.end(), static_cast<std::int64_t>(j)) > 0 ? value : 2 * value;
    });
    const CheckResult grad = result_of(judge(yardstick, sketch_of(wrong)), Check::grad);
    EXPECT_EQ(grad.outcome, Outcome::divergent);
    EXPECT_TRUE(says(grad.message, "the norm of a gradient is"));
    EXPECT_EQ(grad.first->index, -1);
    edit(wrong.ranks[0][0], "grad/weight", [&](std::size_t j, double value) { return j == 0 ? std::nan("") : value; });
    EXPECT_EQ(result_of(judge(yardstick, sketch_of(wrong)), Check::grad).outcome, Outcome::divergent);
}

TEST_P(Sketched, IsNotComparedWithWholeGradients) {
    EXPECT_TRUE(says(error_of([&] { judge(yardstick, candidate()); }).problem(), "the reference has sketch"));
    EXPECT_TRUE(says(error_of([&] {
                         outside_yardstick(followed(matrix, {16, 1, 1}), sketch_of(followed_columns(matrix)));
                     }).problem(),
                     "level sketch, the reference has"));
    Trace without = sketch_of(candidate());
    without.ranks[0][0].sketched.clear();
    EXPECT_TRUE(says(error_of([&] { judge(yardstick, without); }).next(), "write \"sketched\""));
}

}  // namespace
}  // namespace isobatch
