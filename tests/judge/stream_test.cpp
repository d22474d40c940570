#include "judge/stream.h"

#include <gtest/gtest.h>

#include "tests/judge/outside_trace.h"

namespace isobatch {
namespace {

using Counts = std::vector<std::size_t>;

TEST(Stream, CountsSamplesAndUpdatesAfterEachRound) {
    const Stream stream = stream_of(outside_trace(right_steps()));
    EXPECT_EQ(stream.samples, (Ids{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "c", "a", "d", "b"}));
    EXPECT_EQ(stream.round_ends, (Counts{2, 4, 6, 8, 10, 12, 14}));
    EXPECT_EQ(stream.updates, (Counts{0, 1, 1, 2, 3, 3, 4}));
    EXPECT_EQ(stream.step_ends, (Counts{4, 8, 10, 14}));
    EXPECT_FALSE(stream.ended);
}

TEST(Stream, AnUnfinishedWindowIsUsedButNoUpdate) {
    Trace trace = outside_trace({right_steps()[0]}, true);
    trace.ranks[0].back() = outside_step(0, {{"e", "f"}});
    const Stream stream = stream_of(trace);
    EXPECT_TRUE(stream.ended);
    EXPECT_EQ(stream.round_ends, (Counts{2, 4, 6}));
    EXPECT_EQ(stream.updates, (Counts{0, 1, 1}));
    EXPECT_EQ(stream.step_ends, Counts{4});
}

TEST(Stream, ARoundIsOneMicroOfEveryRank) {
    Trace trace = outside_trace({{{"a"}, {"b"}}});
    trace.ranks.push_back({outside_step(1, {{"c"}, {"d"}, {"e"}})});
    const Stream stream = stream_of(trace);
    EXPECT_EQ(stream.samples, (Ids{"a", "c", "b", "d", "e"}));
    EXPECT_EQ(stream.round_ends, (Counts{2, 4, 5}));
    EXPECT_EQ(stream.updates, (Counts{0, 0, 1}));
}

TEST(Stream, OfNothingIsEmpty) {
    EXPECT_TRUE(stream_of({}).samples.empty());
    EXPECT_TRUE(window_ends({}).empty());
    EXPECT_FALSE(same_order({}, stream_of(outside_trace(right_steps()))));
    EXPECT_FALSE(same_order(outside_reference(), {}));
}

TEST(Stream, ClearedMicrosAreThoseBeforeTheLastClear) {
    Step step = outside_step(1, {{"a"}, {"b"}, {"c"}});
    EXPECT_EQ(cleared_micros(step), 0u);
    step.events = {"zero", "backward 0", "zero", "backward 1", "zero", "backward 2", "step"};
    EXPECT_EQ(cleared_micros(step), 2u);
    step.events = {"backward 0", "backward 1", "backward 2", "backward 3", "zero", "step"};
    EXPECT_EQ(cleared_micros(step), 3u);
    step.events = {"step", "zero", "backward 0", "backward 1", "backward 2", "step", "zero"};  // by another optimizer
    EXPECT_EQ(cleared_micros(step), 0u);
}

TEST(Stream, MilestonesCompareWhatBothUsed) {
    const Yardstick reference = outside_reference();
    EXPECT_EQ(window_ends(reference), (Counts{4, 8, 10, 14}));
    auto steps = right_steps();
    std::vector<Milestone> all = milestones(reference, stream_of(outside_trace(steps)));
    ASSERT_EQ(all.size(), 4u);
    for (std::size_t w = 0; w < 4; ++w) {
        EXPECT_EQ(all[w].window, w);
        EXPECT_EQ(all[w].updates, w + 1);
        EXPECT_TRUE(all[w].same);
    }
    steps[1][1] = {"g", "x"};
    all = milestones(reference, stream_of(outside_trace(steps)));
    EXPECT_TRUE(all[0].same);
    EXPECT_FALSE(all[1].same);
    EXPECT_FALSE(all[2].same);
}

TEST(Stream, TheOrderIsOfWindowsHoweverTheyAreCut) {
    const Yardstick reference = outside_reference();
    const auto same = [&](const std::vector<std::vector<Ids>>& steps) {
        return same_order(reference, stream_of(outside_trace(steps)));
    };
    EXPECT_TRUE(same(right_steps()));
    EXPECT_TRUE(
        same({{{"b", "a"}}, {{"c", "d"}}, {{"h", "g"}, {"e", "f"}}}));  // an update a micro, and another order within
    EXPECT_TRUE(same({{{"a", "b"}}}));                                  // ended in the first window
    EXPECT_FALSE(same({{{"a", "e"}}}));
    EXPECT_FALSE(same({{{"e", "f"}, {"g", "h"}}, {{"a", "b"}, {"c", "d"}}}));
    EXPECT_FALSE(same({{{"a", "b"}, {"c", "d"}}, {{"a", "b"}, {"c", "d"}}}));
}

}  // namespace
}  // namespace isobatch
