#include "plan/timing.h"

#include <set>

#include <gtest/gtest.h>

namespace isobatch {
namespace {

TEST(Timing, TextsAreTheirOwn) {
    std::set<std::string> meanings;
    for (const Timing timing : all_timings) {
        EXPECT_FALSE(to_string(timing).empty());
        EXPECT_TRUE(meanings.insert(meaning(timing)).second) << to_string(timing);
    }
}

TEST(Timing, ActsInItsWindows) {
    // Two epochs of three windows.
    const std::vector<std::pair<Timing, std::string>> expected{
        {Timing::always, "111111"},     {Timing::first_window, "100000"}, {Timing::later_windows, "011111"},
        {Timing::epoch_ends, "001001"}, {Timing::later_epochs, "000111"}, {Timing::after_restart, "001111"}};
    EXPECT_EQ(expected.size(), all_timings.size());
    for (const auto& [timing, windows] : expected) {
        std::string seen;
        for (const Batch& batch : batches_of(11, 4, 2)) seen += acts(timing, moment_of(batch, 11, 4, 2)) ? '1' : '0';
        EXPECT_EQ(seen, windows) << to_string(timing);
    }
}

TEST(Timing, AMomentCountsWindowsOverEpochs) {
    const std::vector<Batch> whole = batches_of(8, 4, 2), cut = batches_of(9, 4, 2);
    EXPECT_EQ(moment_of(whole[0], 8, 4), (Moment{1, 1, false}));
    EXPECT_EQ(moment_of(whole[1], 8, 4), (Moment{2, 1, true}));
    EXPECT_EQ(moment_of(whole[2], 8, 4), (Moment{3, 2, false}));
    EXPECT_EQ(moment_of(cut[1], 9, 4), (Moment{2, 1, false}));
    EXPECT_EQ(moment_of(cut[5], 9, 4), (Moment{6, 2, true}));
}

TEST(Timing, AMomentKnowsARestartBeforeIt) {
    const std::vector<Batch> batches = batches_of(9, 4, 3);
    EXPECT_EQ(moment_of(batches[3], 9, 4, 4), (Moment{4, 2, false})) << "the run ends after it";
    EXPECT_EQ(moment_of(batches[4], 9, 4, 4), (Moment{5, 2, false, 4, true}));
    EXPECT_EQ(moment_of(batches[6], 9, 4, 4), (Moment{7, 3, false, 4, false}));
    EXPECT_EQ(moment_of(batches[3], 9, 4, 3), (Moment{4, 2, false, 3, false})) << "the epoch was over";
    EXPECT_EQ(moment_of(batches[2], 9, 4, 1), (Moment{3, 1, true, 1, true}));
}

}  // namespace
}  // namespace isobatch
