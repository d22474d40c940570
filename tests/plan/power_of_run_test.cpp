#include <utility>

#include "plan/power.h"
#include "tests/base/expect.h"
#include "tests/plan/small_layouts.h"

namespace isobatch {
namespace {

TEST(FaultPowerOfRun, WhatAStepLeavesMattersInEveryWindow) {
    EXPECT_FALSE(power("master-weights-lost", {}));
    EXPECT_TRUE(power("master-weights-lost", {WindowLayout{}}));
}

TEST(FaultPowerOfRun, NotClearingMattersWhereAnEarlierWindowHasUnits) {
    const WindowLayout scored{{micro(0, 0, 5)}}, blank{{micro(0, 0, 0)}};
    EXPECT_FALSE(power("not-zeroed-after-step", {}));
    EXPECT_FALSE(power("not-zeroed-after-step", {scored}));
    EXPECT_TRUE(power("not-zeroed-after-step", {scored, blank}));
    EXPECT_FALSE(power("not-zeroed-after-step", {blank, scored}));
    EXPECT_TRUE(power("not-zeroed-after-step", {blank, scored, blank}));
    WindowLayout begun = blank;
    begun.moment.restart = scored.moment.window;
    EXPECT_FALSE(power("not-zeroed-after-step", {scored, begun})) << "a restarted run begins without gradients";
}

TEST(FaultPowerOfRun, AnEpochsOrderMattersWhereItsWindowsHoldOthers) {
    const auto windows = [](int places, const std::vector<std::string>& second) {
        WindowLayout one{{}, false, places}, two = one;
        one.samples = {"a", "b"};
        two.samples = second;
        two.moment.epoch = 2;
        return Windows{one, two};
    };
    EXPECT_FALSE(power("epoch-not-set", windows(2, {"a", "b"})));
    EXPECT_FALSE(power("epoch-not-set", windows(1, {"a", "c"})));
    EXPECT_TRUE(power("epoch-not-set", windows(2, {"a", "c"})));
    EXPECT_TRUE(power("epoch-not-set", {windows(2, {"a"})[1]})) << "no first epoch was judged";
}

TEST(FaultPowerOfRun, WhatARestartSkipsMattersInTheRestOfItsEpoch) {
    WindowLayout window{.accum = 2};
    EXPECT_FALSE(power("resume-skips-updates", {window}));
    window.moment.restart = 1;
    EXPECT_FALSE(power("resume-skips-updates", {window})) << "of an epoch before";
    window.moment.in_restarted_epoch = true;
    EXPECT_TRUE(power("resume-skips-updates", {WindowLayout{}, window}));
    window.accum = 1;
    EXPECT_FALSE(power("resume-skips-updates", {window})) << "an update is a micro";
}

TEST(FaultPowerOfRun, APermutationMattersWhereTheFirstEpochHadAnother) {
    WindowLayout first, later;
    first.samples = {"a", "b"};
    later.samples = {"a", "c"};
    later.moment.epoch = 2;
    EXPECT_FALSE(power("resume-wrong-permutation", {first, later}));
    later.moment.in_restarted_epoch = true;
    EXPECT_TRUE(power("resume-wrong-permutation", {first, later}));
    later.samples = first.samples;
    EXPECT_FALSE(power("resume-wrong-permutation", {first, later}));
    first.moment.in_restarted_epoch = true;
    EXPECT_FALSE(power("resume-wrong-permutation", {first})) << "it is the first epoch's own";
}

TEST(FaultPowerOfRun, AStateIsLostAfterAJudgedWindowWhoseOptimizerCounts) {
    const auto run = [](std::size_t windows, std::int64_t restart, std::int64_t a_epoch = 10) {
        Windows all(windows);
        for (std::size_t w = 0; w < windows; ++w) {
            all[w].counts_steps = true;
            all[w].moment = {.window = static_cast<std::int64_t>(w + 1)};
            all[w].moment.ends_epoch = all[w].moment.window % a_epoch == 0;
            if (all[w].moment.window > restart) all[w].moment.restart = restart;
        }
        return all;
    };
    for (const std::int64_t judged : {1, 2, 3}) EXPECT_TRUE(power("adam-state-lost", run(6, judged))) << judged;
    EXPECT_FALSE(power("adam-state-lost", run(6, 4)));
    EXPECT_TRUE(power("adam-state-lost", run(6, 4, 4))) << "an epoch's last window is judged";
    EXPECT_TRUE(power("adam-state-lost", run(6, 5, 4))) << "and its first";
    EXPECT_FALSE(power("adam-state-lost", run(3, 3))) << "nothing goes on";
    EXPECT_FALSE(power("adam-state-lost", {}));
    Windows uncounted = run(6, 2);
    for (WindowLayout& window : uncounted) window.counts_steps = false;
    EXPECT_FALSE(power("adam-state-lost", uncounted));
    EXPECT_FALSE(power("adam-state-lost", {run(6, 5)[4], run(6, 5)[5]})) << "of the window before nothing is known";
}

TEST(FaultPowerOfRun, AHorizonMattersInTheSecondStep) {
    WindowLayout window = two_ranks({5, 5}, {5, 5});
    window.accum = 2;
    EXPECT_FALSE(power("schedule-horizon", {window}));
    EXPECT_TRUE(power("schedule-horizon", {window, window}));
    window.accum = 1;
    EXPECT_FALSE(power("schedule-horizon", {window, window}));
}

/// A window of so many micros on each of some ranks, with a unit each but the first.
WindowLayout summed(Recipe recipe, int micros, double entries, int places = 1) {
    WindowLayout window{.mesh = {.places = places}, .recipe = recipe, .entries = entries};
    for (int rank = 0; rank < places; ++rank)
        for (int m = 0; m < micros; ++m) window.micros.push_back(micro(rank, m, rank + m > 0 ? 1 : 0));
    return window;
}

TEST(FaultPowerOfRun, TheFormatOfASumMattersInAnyWindowOfAWideRecipe) {
    for (const Recipe recipe : {Recipe::fp64, Recipe::fp32}) {
        EXPECT_FALSE(power("bf16-accumulator", {summed(recipe, 1, 9)})) << "no unit";
        EXPECT_TRUE(power("bf16-accumulator", {summed(recipe, 1, 9), summed(recipe, 2, 9)}));
        EXPECT_TRUE(power("bf16-accumulator", {summed(recipe, 1, 9, 2)}));
        EXPECT_FALSE(power("bf16-reduction", {summed(recipe, 2, 9)})) << "one rank";
        EXPECT_TRUE(power("bf16-reduction", {summed(recipe, 1, 9, 2)}));
    }
}

TEST(FaultPowerOfRun, BesideNarrowArithmeticItMattersWhereItsBitsShow) {
    for (const Recipe recipe : {Recipe::bf16, Recipe::bf16_autocast, Recipe::fp16_autocast}) {
        EXPECT_FALSE(power("bf16-accumulator", {summed(recipe, 8, 1e6)})) << "seven of them have a unit";
        EXPECT_TRUE(power("bf16-accumulator", {summed(recipe, 9, 1000)}));
        EXPECT_FALSE(power("bf16-accumulator", {summed(recipe, 9, 999)}));
        EXPECT_FALSE(power("bf16-accumulator", {summed(recipe, 9, 1e6, 2)})) << "what is exchanged has more bits";
        EXPECT_TRUE(power("bf16-reduction", {summed(recipe, 5, 1000, 2)}));
        EXPECT_FALSE(power("bf16-reduction", {summed(recipe, 4, 1000, 2)}));
        EXPECT_FALSE(power("bf16-reduction", {summed(recipe, 9, 1000)}));
        const WindowLayout third = summed(recipe, 9, 334), none = summed(recipe, 1, 334);
        EXPECT_TRUE(power("bf16-accumulator", {third, third, third})) << "together";
        EXPECT_FALSE(power("bf16-accumulator", {third, third, none, third})) << "the fourth may not be judged";
    }
}

}  // namespace
}  // namespace isobatch
