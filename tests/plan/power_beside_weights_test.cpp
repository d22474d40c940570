#include "plan/power.h"

#include "tests/base/expect.h"
#include "tests/plan/small_layouts.h"

namespace isobatch {
namespace {

TEST(FaultPower, ASumThatIsReducedAgainMattersWhereAnotherMicroFollows) {
    EXPECT_FALSE(power("re-reduced-sum", {two_ranks({5}, {5})}));
    EXPECT_FALSE(power("re-reduced-sum", {{{micro(0, 0, 5), micro(0, 1, 6)}}})) << "one rank";
    EXPECT_FALSE(power("re-reduced-sum", {two_ranks({0, 5}, {0, 5})}));
    EXPECT_TRUE(power("re-reduced-sum", {two_ranks({0, 5}, {5})})) << "the second rank waits for the first one's last";
}

TEST(FaultPower, AReportMattersWhereItIsNotThatOfTheWindow) {
    EXPECT_FALSE(power("log-scaled-loss", {two_ranks({0}, {0})}));
    EXPECT_TRUE(power("log-scaled-loss", {two_ranks({5}, {0})}));
    EXPECT_TRUE(power("unscale-without-scale", {two_ranks({5}, {0})}));
    EXPECT_FALSE(power("unscale-without-scale", {two_ranks({0}, {0})}));
    EXPECT_FALSE(power("log-loss-over-accum", {two_ranks({5}, {4})}));
    EXPECT_TRUE(power("log-loss-over-accum", {two_ranks({0, 5}, {4})}));
    EXPECT_FALSE(power("log-last-micro-loss", {two_ranks({5}, {5})}));
    EXPECT_FALSE(power("log-last-micro-loss", {two_ranks({0, 5}, {5})})) << "all units are in the last ones";
    EXPECT_TRUE(power("log-last-micro-loss", {two_ranks({5}, {4})})) << "a mean of means";
    EXPECT_TRUE(power("log-last-micro-loss", {two_ranks({4, 1}, {5})}));
}

TEST(FaultPower, PositionsThatNothingPredictsMatterWhereUnitsAreNoSamples) {
    EXPECT_FALSE(power("unpredicted-position-counted", {two_ranks({4}, {4})})) << "one each, of four samples a micro";
    EXPECT_TRUE(power("unpredicted-position-counted", {two_ranks({4}, {5})}));
}

TEST(FaultPower, AnOverflowMattersWhereLossesAreScaled) {
    for (const Recipe recipe : known_recipes) {
        WindowLayout window = two_ranks({5}, {4});
        window.recipe = recipe;
        EXPECT_EQ(power("inf-not-skipped", {window}), recipe == Recipe::fp16_autocast) << to_string(recipe);
    }
}

TEST(FaultPower, DecayIsLostWhereADeviceAccumulates) {
    EXPECT_FALSE(power("decay-lost-when-accumulating", {two_ranks({5}, {4})}));
    EXPECT_TRUE(power("decay-lost-when-accumulating", {two_ranks({5}, {4, 0})}));
    EXPECT_FALSE(find_fault("decay-lost-when-accumulating").certain) << "its optimizer may not let anything decay";
}

}  // namespace
}  // namespace isobatch
