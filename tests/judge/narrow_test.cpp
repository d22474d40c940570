#include "judge/narrow.h"

#include <cmath>

#include "judge/judge.h"
#include "plan/layout.h"
#include "tests/base/expect.h"
#include "tests/judge/edit.h"
#include "tests/judge/synthetic.h"

namespace isobatch {
namespace {

/// 1,000 entries and a few more.
Synthetic matrix_in(Recipe recipe, std::int64_t entries = 1000) {
    return Synthetic({.recipe = recipe, .parameters = {{"weight", {entries}}, {"key", {4}}}});
}

std::optional<double> share(const Yardstick& yardstick, const Trace& candidate) {
    return narrow_share(yardstick, candidate, align(yardstick, candidate));
}

std::optional<double> share(const Synthetic& matrix, const Split& split, bool in_bf16) {
    SyntheticLoop loop;
    loop.sums_in_bf16 = in_bf16;
    return share(yardstick_of(matrix.reference()), matrix.candidate(split, loop));
}

TEST(NarrowShare, IsAllOfASumInBf16AndHardlyAnyOfOneInMoreBits) {
    for (const Recipe recipe : known_recipes) {
        const Synthetic matrix = matrix_in(recipe);
        EXPECT_EQ(share(matrix, {1, 16, 1}, true), 1) << to_string(recipe);
        EXPECT_LT(share(matrix, {1, 16, 1}, false).value_or(1), 0.01) << to_string(recipe);
    }
}

TEST(NarrowShare, OfNarrowArithmeticAThousandEntriesAreEnough) {
    EXPECT_TRUE(share(matrix_in(Recipe::bf16, 196), {1, 16, 1}, true)) << "in five judged windows, with the key's 4";
    EXPECT_FALSE(share(matrix_in(Recipe::bf16, 195), {1, 16, 1}, true));
}

TEST(NarrowShare, OfWideArithmeticOneMicroAndATenthOfTheEntriesAreEnough) {
    for (const Recipe recipe : {Recipe::fp64, Recipe::fp32}) {
        EXPECT_EQ(share(matrix_in(recipe), {16, 1, 1}, true), 1);
        EXPECT_EQ(share(matrix_in(recipe, 17), {16, 1, 1}, true), 1);  // in five judged windows, with the key's 4
        EXPECT_FALSE(share(matrix_in(recipe, 12), {16, 1, 1}, true));
    }
}

TEST(NarrowShare, OfNarrowArithmeticFewAddendsOrEntriesProveNothing) {
    for (const Recipe recipe : {Recipe::bf16, Recipe::bf16_autocast, Recipe::fp16_autocast}) {
        EXPECT_FALSE(share(matrix_in(recipe), {4, 4, 1}, true)) << "four addends";
        EXPECT_EQ(share(matrix_in(recipe), {2, 8, 1}, true), 1) << "eight of them";
        EXPECT_FALSE(share(matrix_in(recipe, 100), {1, 16, 1}, true)) << "600 entries";
    }
}

TEST(NarrowShare, AnEntryThatFewMicrosReachDoesNotCount) {
    const Synthetic matrix = matrix_in(Recipe::bf16);
    Yardstick yardstick = yardstick_of(matrix.reference());
    for (WindowScale& window : yardstick.windows)
        for (std::size_t i = 7; i < window.shares.size(); ++i)
            for (Tensor& part : window.shares[i])
                part = tensor_of(Dtype::f32, part.shape, std::vector<double>(part.count(), 0));
    EXPECT_FALSE(share(yardstick, matrix.candidate({1, 16, 1}, {.sums_in_bf16 = true})));
}

TEST(NarrowShare, ARankThatEndedEarlyHasNoAddends) {
    const Synthetic matrix = matrix_in(Recipe::bf16);
    Trace trace = matrix.candidate({2, 4, 2}, {.sums_in_bf16 = true});
    const Yardstick yardstick = yardstick_of(matrix.reference());
    const Alignment alignment = align(yardstick, trace);
    EXPECT_TRUE(narrow_share(yardstick, trace, alignment));
    trace.ranks[1].clear();
    EXPECT_FALSE(narrow_share(yardstick, trace, alignment)) << "four addends";
}

TEST(NarrowShare, ZerosAndWhatIsNoNumberDoNotCount) {
    const double none[] = {0.0, -0.0, INFINITY, -INFINITY, NAN};
    for (const Recipe recipe : {Recipe::fp32, Recipe::fp64}) {
        const Synthetic matrix = matrix_in(recipe);
        const Yardstick yardstick = yardstick_of(matrix.reference());
        Trace trace = matrix.candidate({1, 16, 1});
        for (Step& step : trace.ranks[0])
            if (step.tensors.contains("grad/weight"))
                edit(step, "grad/weight", [&](std::size_t j, double g) { return j < 900 ? none[j % 5] : g; });
        EXPECT_LT(share(yardstick, trace).value_or(1), 0.01);
        for (Step& step : trace.ranks[0])
            for (const char* key : {"grad/weight", "grad/key"})
                if (step.tensors.contains(key))
                    edit(step, key, [](std::size_t, double g) { return std::isnormal(g) ? 1 + 0x1p-7 : g; });
        EXPECT_EQ(share(yardstick, trace), 1) << "of those that count";
    }
}

TEST(NarrowShare, WhereNobodyPromisedAFormatThereIsNone) {
    const Synthetic matrix = matrix_in(Recipe::fp32);
    const Trace candidate = matrix.candidate({1, 16, 1});
    const Yardstick good = yardstick_of(matrix.reference());
    EXPECT_TRUE(share(good, candidate));
    Yardstick outside = good, exact = good, unknown = good;
    outside.ours = false;
    exact.contract->exact = true;  // of few bits by itself
    unknown.contract.reset();
    for (const Yardstick& yardstick : {outside, exact, unknown}) EXPECT_FALSE(share(yardstick, candidate));
}

TEST(NarrowShare, WhereTheReferenceHasFewBitsTooItSaysNothing) {
    const Synthetic matrix = matrix_in(Recipe::fp32);
    const Trace candidate = matrix.candidate({16, 1, 1}, {.sums_in_bf16 = true});
    Yardstick yardstick = yardstick_of(matrix.reference());
    EXPECT_EQ(share(yardstick, candidate), 1);
    for (WindowScale& window : yardstick.windows)
        for (TensorScale& scale : window.tensors)
            scale.gradient =
                candidate.ranks[0][static_cast<std::size_t>(window.step - 1)].tensors.at("grad/" + scale.name);
    EXPECT_FALSE(share(yardstick, candidate));
}

TEST(NarrowShare, MakesTheGradientRedWhereItsSizeDoesNot) {
    for (const Recipe recipe : {Recipe::bf16, Recipe::fp16_autocast}) {
        const Synthetic matrix = matrix_in(recipe);
        const Yardstick yardstick = yardstick_of(matrix.reference());
        const Trace narrow = matrix.candidate({1, 16, 1}, {.sums_in_bf16 = true});
        const CheckResult red = check_grad(yardstick, narrow, align(yardstick, narrow));
        EXPECT_EQ(red.outcome, Outcome::divergent);
        EXPECT_LE(red.margin, 1);
        EXPECT_TRUE(red.first);
        EXPECT_TRUE(says(red.message, "100 % of the gradient's entries have only the 8 bits of bf16"));
        Trace wider = narrow;
        edit(wider.ranks[0][0], "grad/weight",
             [](std::size_t j, double value) { return j < 8 ? value * (1 + 0x1p-16) : value; });
        EXPECT_TRUE(check_grad(yardstick, wider, align(yardstick, wider)).message.starts_with("99.")) << "a share";
        const Trace few = matrix.candidate({4, 4, 1}, {.sums_in_bf16 = true});
        EXPECT_LT(check_grad(yardstick, few, align(yardstick, few)).outcome, Outcome::divergent);
    }
}

/// The projection of a gradient sees what no entry shows.
TEST(Scale, OfNarrowArithmeticIsBoundedByTheProjection) {
    const Synthetic matrix = matrix_in(Recipe::bf16);
    const Yardstick yardstick = yardstick_of(matrix.reference());
    const double allowed = yardstick.windows[1].scale->allowed();
    EXPECT_GT(allowed, 4 * 0x1p-10);
    EXPECT_LT(allowed, 4.1 * 0x1p-10);
    for (const auto& [off, outcome] : {std::pair{0.48, Outcome::equivalent},
                                       {0.52, Outcome::inconclusive},
                                       {0.98, Outcome::inconclusive},
                                       {1.02, Outcome::divergent}})
        for (const double sign : {-1.0, 1.0}) {
            Trace trace = matrix.candidate({4, 4, 1});
            for (const char* name : {"grad/weight", "grad/key"})
                edit(trace.ranks[0][1], name, [&](std::size_t, double g) { return g * (1 + sign * off * allowed); });
            const CheckResult result = check_grad(yardstick, trace, align(yardstick, trace));
            EXPECT_EQ(result.outcome, outcome) << off;
            if (outcome == Outcome::equivalent) continue;
            EXPECT_EQ(result.first, (Place{2, 0, "", -1}));
            EXPECT_EQ(result.worst, result.first);
            EXPECT_NEAR(result.margin, off, 0.01);
            EXPECT_EQ(says(result.message, "the scale of the gradient is off by 0.00"), outcome == Outcome::divergent);
        }
    EXPECT_FALSE(yardstick_of(matrix_in(Recipe::fp32).reference()).windows[1].scale) << "there the bound sees it";
}

}  // namespace
}  // namespace isobatch
