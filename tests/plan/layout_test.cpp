#include "plan/layout.h"

#include <gtest/gtest.h>

namespace isobatch {
namespace {

const WindowLayout layout{{{0, 0, 4, 1.5}, {0, 1, 4, 0}, {0, 2, 2, 1.5}, {1, 0, 4, 1.5}}, false};

TEST(Layout, UnitsAreSummedOverAllRanks) {
    EXPECT_EQ(units_of(layout), 4.5);
    EXPECT_EQ(units_of({}), 0);
}

TEST(Layout, MicrosAreCountedByRank) {
    EXPECT_EQ(micros_on(layout, 0), 3);
    EXPECT_EQ(micros_on(layout, 1), 1);
    EXPECT_EQ(micros_on(layout, 2), 0);
}

TEST(Layout, UnitsOfARankAndOfAnIndexAreParts) {
    EXPECT_EQ(units_on(layout, 0), 3);
    EXPECT_EQ(units_on(layout, 1), 1.5);
    EXPECT_EQ(units_on(layout, 2), 0);
    EXPECT_EQ(units_at(layout, 0), 3);
    EXPECT_EQ(units_at(layout, 1), 0);
    EXPECT_EQ(units_at(layout, 2), 1.5);
    EXPECT_EQ(units_at(layout, 3), 0);
    EXPECT_EQ(most_micros(layout), 3);
    EXPECT_EQ(most_micros({}), 0);
}

TEST(Layout, UnequalIsWhenAnyMicroDiffers) {
    EXPECT_TRUE(unequal_units(layout));
    EXPECT_TRUE(unequal_units({{{0, 0, 4, 3}, {0, 1, 4, 3}, {1, 0, 4, 2}}}));
    EXPECT_FALSE(unequal_units({{{0, 0, 4, 3}, {0, 1, 2, 3}, {1, 0, 1, 3}}})) << "units count, not samples";
    EXPECT_FALSE(unequal_units({{{0, 0, 4, 3}}}));
    EXPECT_FALSE(unequal_units({}));
}

}  // namespace
}  // namespace isobatch
