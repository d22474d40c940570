#include "plan/recipe.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Recipe, TextReadsBack) {
    EXPECT_EQ(to_string(Recipe::fp64), "fp64");
    EXPECT_EQ(to_string(Recipe::fp32), "fp32");
    for (const Recipe recipe : {Recipe::fp64, Recipe::fp32}) EXPECT_EQ(parse_recipe(to_string(recipe)), recipe);
}

TEST(Recipe, UnknownTextNamesTheChoices) {
    for (const char* text : {"", "FP64", "float", "fp6", "fp640", "bf16"})
        EXPECT_THROW(parse_recipe(text), Error) << text;
    const Error error = error_of([] { parse_recipe("fp\n"); });
    EXPECT_EQ(error.where(), "--recipe");
    EXPECT_TRUE(says(error.problem(), "fp\\n"));
    EXPECT_TRUE(says(error.next(), "fp64 or fp32"));
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
    expect_roundoff<float>(Recipe::fp32);
}

TEST(Recipe, TwoSumsOfExactBitsFitTheSignificand) {
    EXPECT_EQ(exact_bits(Recipe::fp32), std::numeric_limits<float>::digits - 1);
    EXPECT_EQ(exact_bits(Recipe::fp64), 40);  // so that a rounded number is hardly ever taken for a short one
}

}  // namespace
}  // namespace isobatch
