#include "plan/recipe.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Recipe, TextReadsBack) {
    EXPECT_EQ(to_string(Recipe::fp64), "fp64");
    EXPECT_EQ(to_string(Recipe::fp32), "fp32");
    EXPECT_EQ(to_string(Recipe::bf16_autocast), "bf16-autocast");
    for (const Recipe recipe : known_recipes) EXPECT_EQ(parse_recipe(to_string(recipe)), recipe);
    EXPECT_EQ(known_recipes.size(), static_cast<std::size_t>(Recipe::fp16_autocast) + 1);
}

TEST(Recipe, UnknownTextNamesTheChoices) {
    for (const char* text : {"", "FP64", "float", "fp6", "fp640", "fp16", "bf16 autocast"})
        EXPECT_THROW(parse_recipe(text), Error) << text;
    const Error error = error_of([] { parse_recipe("fp\n"); });
    EXPECT_EQ(error.where(), "--recipe");
    EXPECT_TRUE(says(error.problem(), "fp\\n"));
    EXPECT_EQ(error.next(), "choose fp64, fp32, bf16, bf16-autocast, fp16-autocast, or tf32 with --device cuda");
}

TEST(Recipe, Tf32IsAGpusAndSumsInFp32) {
    EXPECT_EQ(parse_recipe("tf32"), Recipe::tf32);
    EXPECT_EQ(to_json(Recipe::tf32), (Json{{"compute", "tf32"}, {"accumulate", "fp32"}}));
    EXPECT_EQ(recipe_from_json(to_json(Recipe::tf32), "w"), Recipe::tf32);
    EXPECT_TRUE(computes_narrow(Recipe::tf32) && !sums_narrow(Recipe::tf32));
    EXPECT_EQ(unit_roundoff(Recipe::tf32), unit_roundoff(Recipe::fp32));
    EXPECT_EQ(loss_scale(Recipe::tf32), 1);
    EXPECT_TRUE(needs_gpu(Recipe::tf32));
    for (const Recipe recipe : known_recipes) EXPECT_FALSE(needs_gpu(recipe)) << to_string(recipe);
}

/// The largest number that disappears beside 1.
template <class T>
void expect_roundoff(Recipe recipe) {
    const volatile T roundoff = static_cast<T>(unit_roundoff(recipe)), one = 1;
    const volatile T disappears = one + roundoff, stays = one + roundoff * (1 + 4 * roundoff);
    EXPECT_EQ(disappears, one);
    EXPECT_GT(stays, one);
}

TEST(Recipe, UnitRoundoffIsHalfTheSpacingBesideOne) {
    expect_roundoff<double>(Recipe::fp64);
    for (const Recipe recipe : known_recipes)
        if (recipe != Recipe::fp64) expect_roundoff<float>(recipe);
}

TEST(Recipe, AManifestSaysWhatIsComputedAndWhatIsSummed) {
    EXPECT_EQ(to_json(Recipe::fp32), (Json{{"compute", "fp32"}}));
    EXPECT_EQ(to_json(Recipe::bf16), (Json{{"compute", "bf16"}, {"accumulate", "fp32"}}));
    EXPECT_EQ(to_json(Recipe::fp16_autocast), (Json{{"compute", "fp16"}, {"accumulate", "fp32"}, {"autocast", true}}));
    for (const Recipe recipe : known_recipes) EXPECT_EQ(recipe_from_json(to_json(recipe), "w"), recipe);
    EXPECT_EQ(recipe_from_json({{"compute", "fp32"}, {"accumulate", "fp32"}, {"autocast", false}}, "w"), Recipe::fp32);
}

TEST(Recipe, AnOutsideTrainerMaySumInTheFewBitsThatItComputesIn) {
    for (const auto& [recipe, name, roundoff] :
         {std::tuple(Recipe::bf16_sum, "bf16", 1 / 256.0), std::tuple(Recipe::fp16_sum, "fp16", 1 / 2048.0)}) {
        EXPECT_EQ(to_json(recipe), (Json{{"compute", name}}));
        EXPECT_EQ(recipe_from_json(to_json(recipe), "w"), recipe);
        EXPECT_EQ(parse_recipe(to_string(recipe)), recipe);
        EXPECT_TRUE(computes_narrow(recipe) && sums_narrow(recipe));
        EXPECT_EQ(unit_roundoff(recipe), roundoff);
        EXPECT_EQ(exact_bits(recipe), -1);
        EXPECT_EQ(std::count(known_recipes.begin(), known_recipes.end(), recipe), 0);
    }
    for (const Recipe recipe : known_recipes) EXPECT_FALSE(sums_narrow(recipe));
}

TEST(Recipe, WideGradientsThatAreSummedInFewBitsAreNoRecipe) {
    for (const Json& object :
         {Json{{"compute", "fp16"}, {"accumulate", "fp32"}}, Json{{"compute", "fp16"}, {"autocast", true}},
          Json{{"compute", "fp32"}, {"accumulate", "bf16"}}, Json{{"compute", "fp32"}, {"autocast", true}},
          Json{{"compute", 3}}, Json::object()})
        EXPECT_EQ(error_of([&] { recipe_from_json(object, "w"); }).where().substr(0, 1), "w") << object.dump();
    EXPECT_TRUE(says(error_of([] {
                         recipe_from_json({{"compute", "fp32"}, {"accumulate", "bf16"}}, "w");
                     }).problem(),
                     "sums gradients in bf16"));
}

TEST(Recipe, OnlyWhatComputesInTheBitsOfItsSumIsWide) {
    for (const Recipe recipe : known_recipes)
        EXPECT_EQ(computes_narrow(recipe), to_json(recipe).contains("accumulate")) << to_string(recipe);
}

TEST(Recipe, OnlyFp16ScalesItsLossAndByAPowerOfTwo) {
    for (const Recipe recipe : known_recipes)
        EXPECT_EQ(loss_scale(recipe), recipe == Recipe::fp16_autocast ? std::ldexp(1, 7) : 1);
}

TEST(Recipe, TwoSumsOfExactBitsFitTheSignificand) {
    EXPECT_EQ(sum_bits(Recipe::fp64), std::numeric_limits<double>::digits - 1);
    for (const Recipe recipe : {Recipe::fp32, Recipe::bf16, Recipe::bf16_autocast, Recipe::fp16_autocast})
        EXPECT_EQ(sum_bits(recipe), std::numeric_limits<float>::digits - 1);
    EXPECT_EQ(exact_bits(Recipe::fp32), std::numeric_limits<float>::digits - 1);
    for (const Recipe recipe : known_recipes) EXPECT_EQ(exact_bits(recipe) < 0, computes_narrow(recipe));
    EXPECT_EQ(exact_bits(Recipe::fp64), 40);  // so that a rounded number is hardly ever taken for a short one
}

}  // namespace
}  // namespace isobatch
