#include "judge/tolerance.h"

#include <cmath>
#include <limits>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(Tolerance, AllowsSixtyFourTimesErrorAndRoundoff) {
    EXPECT_EQ((Tolerance{.error = 3, .unit_roundoff = 0.5, .magnitude = 4}.allowed()), 64 * 5);
    EXPECT_EQ((Tolerance{.error = 3, .unit_roundoff = 0.5, .magnitude = 4, .factor = 2}.allowed()), 10);
    EXPECT_EQ(Tolerance{}.allowed(), 0);
}

TEST(Tolerance, TheConstantsAreThoseThatWereMeasured) {
    EXPECT_EQ(fail_factor, 64);
    EXPECT_EQ(suspect_factor, 8);
    EXPECT_EQ(magnitude_floor, std::ldexp(1, -10));
}

TEST(ResidualLimit, IsThatOfTheArithmetic) {
    EXPECT_EQ(residual_limit(Recipe::fp64), 1e-10);
    EXPECT_EQ(residual_limit(Recipe::fp32), 1e-4);
    for (const Recipe recipe : {Recipe::bf16, Recipe::bf16_autocast, Recipe::fp16_autocast})
        EXPECT_EQ(residual_limit(recipe), 2e-2);
}

TEST(Tolerance, TheBoundOfNarrowArithmeticIsItsOwn) {
    for (const Recipe recipe : known_recipes) {
        const Bound bound = bound_of(recipe);
        EXPECT_EQ(bound.fail, computes_narrow(recipe) ? 8 : 64) << to_string(recipe);
        EXPECT_EQ(bound.suspect, computes_narrow(recipe) ? 4 : 8) << to_string(recipe);
        EXPECT_EQ(bound.unit_roundoff, computes_narrow(recipe) ? std::ldexp(1, -10) : unit_roundoff(recipe));
    }
    const Bound tf32 = bound_of(Recipe::tf32);
    EXPECT_EQ(tf32.fail, 8);
    EXPECT_EQ(tf32.suspect, 4);
    EXPECT_EQ(tf32.unit_roundoff, std::ldexp(1, -13)) << "a quarter of what it rounds factors by";
}

TEST(Tolerance, TheTextShowsBothTerms) {
    EXPECT_EQ(to_string(Tolerance{.error = 3.1e-7, .unit_roundoff = 0x1p-24, .magnitude = 4}),
              "64 · (E 3.1e-07 + u·A 2.4e-07)");
}

TEST(Tolerance, OfNothingIsSaidInWords) {
    EXPECT_EQ(to_string(Tolerance{1, 1, 1, 0}), "0: nothing needs rounding");
}

TEST(MarginOf, IsObservedPerAllowed) {
    const Tolerance tolerance{.error = 0.25, .unit_roundoff = 0.5, .magnitude = 0.5};  // allows 32
    EXPECT_EQ(margin_of(32, tolerance), 1);
    EXPECT_EQ(margin_of(8, tolerance), 0.25);
    EXPECT_EQ(margin_of(0, tolerance), 0);
    EXPECT_EQ(margin_of(infinity, tolerance), infinity);
}

TEST(MarginOf, WhereNothingIsAllowedOnlyAnExactMatchHolds) {
    EXPECT_EQ(margin_of(0, Tolerance{}), 0);
    EXPECT_EQ(margin_of(std::numeric_limits<double>::denorm_min(), Tolerance{}), infinity);
    EXPECT_EQ(margin_of(1, Tolerance{.error = std::nan("")}), infinity);
    EXPECT_EQ(margin_of(1, Tolerance{.error = -1}), infinity);
}

}  // namespace
}  // namespace isobatch
