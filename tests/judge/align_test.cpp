#include "judge/align.h"

#include <gtest/gtest.h>

namespace isobatch {
namespace {

using Ids = std::vector<std::string>;

/// Two epochs of two windows.
Yardstick yardstick() {
    Yardstick yardstick;
    for (int epoch : {1, 2})
        for (const Ids& samples : {Ids{"a", "b", "c"}, Ids{"d", "e"}})
            yardstick.windows.push_back(
                {.step = static_cast<std::int64_t>(yardstick.windows.size()) + 1, .epoch = epoch, .samples = samples});
    return yardstick;
}

/// A step of one rank whose micros hold these samples.
Step step(int epoch, const std::vector<Ids>& micros) {
    Step step;
    step.epoch = epoch;
    for (const Ids& samples : micros)
        step.micros.push_back({.index = static_cast<int>(step.micros.size()), .samples = samples});
    return step;
}

using Windows = std::vector<std::optional<std::size_t>>;

TEST(Align, FindsEveryWindowByItsSamples) {
    const Trace trace{
        {},
        {{step(1, {{"a", "b", "c"}}), step(1, {{"d"}, {"e"}}), step(2, {{"a"}, {"b", "c"}}), step(2, {{"d", "e"}})}}};
    const Alignment alignment = align(yardstick(), trace);
    EXPECT_EQ(alignment.window, (Windows{0, 1, 2, 3}));
    EXPECT_TRUE(alignment.missing.empty());
}

TEST(Align, OfAnOutsideTrainerARankThatHasEndedHoldsNoWindowUp) {
    Yardstick outside = yardstick();
    outside.ours = false;
    Trace trace{{},
                {{step(1, {{"a", "b"}}), step(1, {{"d"}, {"e"}}), step(2, {{"a"}, {"b", "c"}}), step(2, {{"d", "e"}})},
                 {step(1, {{"c"}}), step(1, {}), step(2, {}), step(2, {})}}};
    for (std::vector<Step>& rank : trace.ranks)
        for (std::size_t k = 0; k < rank.size(); ++k) rank[k].number = static_cast<std::int64_t>(k + 1);
    EXPECT_EQ(align(outside, trace).window, (Windows{0, 1, 2, 3}));
    trace.ranks[1].back().number.reset();  // which nobody looks at once it is gone
    trace.ranks[1].pop_back();
    EXPECT_EQ(align(outside, trace).window, (Windows{0, 1, 2, 3}));
    trace.ranks[1].back().number.reset();
    EXPECT_FALSE(align(outside, trace).window[2]) << "no update followed";
}

TEST(Align, GathersTheRanksAndForgetsTheOrderWithin) {
    const Trace trace{{}, {{step(1, {{"c"}}), step(1, {{"e"}})}, {step(1, {{"b", "a"}}), step(1, {{"d"}})}}};
    const Alignment alignment = align(yardstick(), trace);
    EXPECT_EQ(alignment.window, (Windows{0, 1}));
    EXPECT_EQ(alignment.samples[0], (Ids{"a", "b", "c"}));
    EXPECT_EQ(alignment.missing, (std::vector<std::size_t>{2, 3}));
}

TEST(Align, ARankMayHaveFewerStepsOrNoMicro) {
    const Trace trace{{}, {{step(1, {{"a", "b", "c"}})}, {step(1, {}), step(1, {{"d", "e"}})}}};
    EXPECT_EQ(align(yardstick(), trace).window, (Windows{0, 1}));
}

TEST(Align, OtherSamplesAreNoWindow) {
    for (const Ids& samples :
         {Ids{"a", "b"}, Ids{"a", "b", "c", "c"}, Ids{"a", "b", "c", "x"}, Ids{"a", "b", "x"}, Ids{}}) {
        const Alignment alignment = align(yardstick(), {{}, {{step(1, {samples})}}});
        EXPECT_EQ(alignment.window, Windows{std::nullopt}) << samples.size();
        EXPECT_EQ(alignment.missing, (std::vector<std::size_t>{0, 1, 2, 3}));
        EXPECT_EQ(alignment.samples, std::vector<Ids>{samples});
    }
}

TEST(Align, AWindowOfAnotherEpochIsAnother) {
    EXPECT_EQ(align(yardstick(), {{}, {{step(2, {{"a", "b", "c"}})}}}).window, Windows{2});
    EXPECT_EQ(align(yardstick(), {{}, {{step(3, {{"a", "b", "c"}})}}}).window, Windows{std::nullopt});
    // The epoch is the latest that any rank says.
    EXPECT_EQ(align(yardstick(), {{}, {{step(2, {{"a"}})}, {step(1, {{"b", "c"}})}}}).window, Windows{2});
}

TEST(Align, SkipsAMissingWindowAndNeverGoesBack) {
    const Trace skipped{{}, {{step(1, {{"d", "e"}}), step(2, {{"a", "b", "c"}}), step(2, {{"d", "e"}})}}};
    EXPECT_EQ(align(yardstick(), skipped).window, (Windows{1, 2, 3}));
    EXPECT_EQ(align(yardstick(), skipped).missing, std::vector<std::size_t>{0});
    const Trace swapped{
        {}, {{step(1, {{"d", "e"}}), step(1, {{"a", "b", "c"}}), step(2, {{"a", "b", "c"}}), step(2, {{"d", "e"}})}}};
    EXPECT_EQ(align(yardstick(), swapped).window, (Windows{1, std::nullopt, 2, 3}));
    EXPECT_EQ(align(yardstick(), swapped).missing, std::vector<std::size_t>{0});
}

TEST(Align, AWindowIsTakenOnce) {
    const Trace twice{{}, {{step(1, {{"a", "b", "c"}}), step(1, {{"a", "b", "c"}}), step(1, {{"d", "e"}})}}};
    EXPECT_EQ(align(yardstick(), twice).window, (Windows{0, std::nullopt, 1}));
    EXPECT_EQ(align(yardstick(), twice).missing, (std::vector<std::size_t>{2, 3}));
}

TEST(Align, NothingRanLeavesEverythingMissing) {
    EXPECT_EQ(align(yardstick(), {}).missing.size(), 4u);
    EXPECT_TRUE(align(yardstick(), {}).window.empty());
    EXPECT_TRUE(align({}, {}).missing.empty());
}

}  // namespace
}  // namespace isobatch
