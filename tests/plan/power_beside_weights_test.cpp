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

TEST(FaultPower, ABudgetLeavesTheTwoNeighboursThatHoldLeastInOneMicro) {
    EXPECT_EQ(lightest_pair({3, 4}), 0u);
    EXPECT_EQ(lightest_pair({3, 4, 1, 9}), 1u);
    EXPECT_EQ(lightest_pair({3, 4, 3, 4}), 0u) << "the first of several";
    EXPECT_EQ(lightest_pair({9, 2, 2, 1}), 2u);
}

TEST(FaultPower, ANominalCountMattersWhereItsShareOfAMicroIsNotTheMicros) {
    const auto matters = [](WindowLayout window, int accum) {
        window.accum = accum;
        return power("nominal-count-dynamic-batching", {window});
    };
    EXPECT_FALSE(matters(two_ranks({5}, {5}), 1));
    EXPECT_TRUE(matters(two_ranks({5}, {4}), 1));
    EXPECT_TRUE(matters(two_ranks({5, 5}, {5, 5}), 2)) << "one micro a rank holds half, and counts a quarter";
    EXPECT_FALSE(matters(two_ranks({5, 0}, {5}), 1)) << "as many as were promised";
    EXPECT_FALSE(matters(two_ranks({0}, {0}), 1));
    EXPECT_TRUE(matters({{micro(0, 0, 8), micro(0, 1, 3), micro(0, 2, 5)}}, 3));
}

TEST(FaultPower, AWindowIsCutAnewWhereAFullOneHasOtherMicrosThanItsSplitSays) {
    WindowLayout window = two_ranks({5, 1}, {4, 2});
    window.accum = 2;
    EXPECT_FALSE(is_cut_anew(window));
    window.micros[1].samples = 3;
    EXPECT_TRUE(is_cut_anew(window));
    window.ragged = true;
    EXPECT_FALSE(is_cut_anew(window)) << "of a tail nobody knows how it should be cut";
    window = two_ranks({5}, {4, 2});
    window.accum = 2;
    EXPECT_TRUE(is_cut_anew(window));
}

TEST(FaultPower, WhatALossGetsWrongMattersWhereAMicroIsNotTheWindow) {
    for (const char* id : {"regulariser-per-micro", "label-smoothing-local-mean", "correlated-dropout"}) {
        EXPECT_FALSE(power(id, {{{micro(0, 0, 5)}}})) << id;
        EXPECT_FALSE(power(id, {two_ranks({0}, {0})})) << id;
        EXPECT_TRUE(power(id, {two_ranks({5}, {4})})) << id;
        EXPECT_TRUE(power(id, {{{micro(0, 0, 5), micro(0, 1, 4)}}})) << id;
    }
    const WindowLayout first = two_ranks({5}, {0});
    EXPECT_TRUE(power("regulariser-per-micro", {first})) << "a micro without a unit has it too";
    EXPECT_FALSE(power("label-smoothing-local-mean", {first}));
    EXPECT_FALSE(power("correlated-dropout", {first})) << "the first micro's masks are right";
    EXPECT_TRUE(power("correlated-dropout", {two_ranks({0}, {5})}));
    EXPECT_TRUE(power("layer-used-twice-overwrites", {{{micro(0, 0, 5)}}}));
    EXPECT_FALSE(power("layer-used-twice-overwrites", {{{micro(0, 0, 0)}}}));
}

TEST(FaultPower, AnExchangeInFp16ShowsInWideRecipes) {
    for (const Recipe recipe : known_recipes) {
        WindowLayout window = two_ranks({5}, {4});
        window.recipe = recipe;
        EXPECT_EQ(power("fp16-sum-overflow", {window}), !computes_narrow(recipe)) << to_string(recipe);
        window.mesh.places = 1;
        EXPECT_FALSE(power("fp16-sum-overflow", {window}));
    }
    EXPECT_FALSE(power("fp16-sum-overflow", {two_ranks({0}, {0})}));
}

TEST(FaultPower, Tf32MattersInFp32) {
    for (const Recipe recipe : known_recipes) {
        WindowLayout window{{micro(0, 0, 5)}};
        window.recipe = recipe;
        EXPECT_EQ(power("tf32-on", {window}), recipe == Recipe::fp32) << to_string(recipe);
        window.micros = {micro(0, 0, 0)};
        EXPECT_FALSE(power("tf32-on", {window})) << "nothing is scored";
    }
}

}  // namespace
}  // namespace isobatch
