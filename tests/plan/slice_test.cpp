#include "plan/slice.h"

#include <csignal>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Cut, WholeWindowInSamplerOrder) {
    EXPECT_EQ(cut(8, {2, 2, 2}), (std::vector<Slice>{{0, 0, 0, 2}, {1, 0, 2, 4}, {0, 1, 4, 6}, {1, 1, 6, 8}}));
    EXPECT_EQ(cut(4, {4, 1, 1}), (std::vector<Slice>{{0, 0, 0, 4}}));
    EXPECT_EQ(cut(3, {1, 3, 1}), (std::vector<Slice>{{0, 0, 0, 1}, {0, 1, 1, 2}, {0, 2, 2, 3}}));
    EXPECT_EQ(cut(3, {1, 1, 3}), (std::vector<Slice>{{0, 0, 0, 1}, {1, 0, 1, 2}, {2, 0, 2, 3}}));
}

TEST(Cut, RaggedTailIsShortAtTheEndAndLeavesEmptySlicesOut) {
    EXPECT_EQ(cut(5, {2, 2, 2}), (std::vector<Slice>{{0, 0, 0, 2}, {1, 0, 2, 4}, {0, 1, 4, 5}}));
    EXPECT_EQ(cut(4, {2, 2, 2}), (std::vector<Slice>{{0, 0, 0, 2}, {1, 0, 2, 4}}));
    EXPECT_EQ(cut(1, {2, 2, 2}), (std::vector<Slice>{{0, 0, 0, 1}}));
    EXPECT_EQ(cut(0, {2, 2, 2}), (std::vector<Slice>{}));
}

RC_GTEST_PROP(Cut, PutsEverySampleInOneSlice, ()) {
    const auto side = rc::gen::inRange<std::int64_t>(1, 9);
    const Split split{*side, *side, *side};
    const auto samples = *rc::gen::inRange<std::int64_t>(0, split.effective() + 1);
    std::int64_t next = 0;
    std::int64_t turn = 0;
    for (const Slice& slice : cut(samples, split)) {
        RC_ASSERT(slice.begin == next);  // each sample once, in order
        RC_ASSERT(slice.size() == std::min(split.per_device, samples - slice.begin));
        RC_ASSERT(slice.size() > 0);
        RC_ASSERT(slice.micro * split.devices + slice.place == turn);  // accumulation step by step, rank by rank
        RC_ASSERT(slice.place >= 0 && slice.place < split.devices && slice.micro >= 0 && slice.micro < split.accum);
        next = slice.end;
        ++turn;
    }
    RC_ASSERT(next == samples);
}

TEST(CutDeathTest, RefusesMoreThanOneEffectiveBatch) {
    EXPECT_EXIT(cut(9, {2, 2, 2}), testing::KilledBySignal(SIGABRT), "at most one effective batch");
    EXPECT_EXIT(cut(-1, {2, 2, 2}), testing::KilledBySignal(SIGABRT), "at most one effective batch");
}

TEST(Batches, LastOfAnEpochIsShorterWhereItDoesNotDivide) {
    EXPECT_EQ(batches_of(43, 16, 2),
              (std::vector<Batch>{
                  {1, 0, 0, 16}, {1, 1, 16, 16}, {1, 2, 32, 11}, {2, 0, 0, 16}, {2, 1, 16, 16}, {2, 2, 32, 11}}));
    EXPECT_EQ(batches_of(32, 16, 1), (std::vector<Batch>{{1, 0, 0, 16}, {1, 1, 16, 16}}));
    EXPECT_EQ(batches_of(3, 16, 1), (std::vector<Batch>{{1, 0, 0, 3}}));
    EXPECT_TRUE(batches_of(0, 16, 3).empty());
    EXPECT_TRUE(batches_of(16, 16, 0).empty());
}

RC_GTEST_PROP(Batches, CoverEveryEpochOnce, ()) {
    const auto dataset = *rc::gen::inRange<std::int64_t>(0, 200), effective = *rc::gen::inRange<std::int64_t>(1, 40);
    const int epochs = *rc::gen::inRange(1, 4);
    std::vector<std::int64_t> covered(static_cast<std::size_t>(epochs), 0), count = covered;
    for (const Batch& batch : batches_of(dataset, effective, epochs)) {
        const auto epoch = static_cast<std::size_t>(batch.epoch - 1);
        RC_ASSERT(batch.begin == covered.at(epoch));
        RC_ASSERT(batch.index == count.at(epoch)++);
        RC_ASSERT(batch.samples == effective || batch.begin + batch.samples == dataset);
        RC_ASSERT(batch.samples > 0 && batch.samples <= effective);
        covered.at(epoch) += batch.samples;
    }
    for (const std::int64_t all : covered) RC_ASSERT(all == dataset);
}

TEST(BatchesDeathTest, RefusesAWindowWithoutSamples) {
    EXPECT_EXIT(batches_of(43, 0, 1), testing::KilledBySignal(SIGABRT), "at least one sample");
}

TEST(Judged, AreTheFirstThreeWindowsAndBothSidesOfEveryEdge) {
    const auto chosen = [](const std::vector<Batch>& batches) {
        std::vector<std::size_t> indices;
        for (std::size_t i = 0; i < batches.size(); ++i)
            if (judged(batches, i)) indices.push_back(i);
        return indices;
    };
    using Indices = std::vector<std::size_t>;
    EXPECT_EQ(chosen(batches_of(6 * 16, 16, 3)), (Indices{0, 1, 2, 5, 6, 11, 12, 17}));
    EXPECT_EQ(chosen(batches_of(43, 16, 2)), (Indices{0, 1, 2, 3, 5}));
    EXPECT_EQ(chosen(batches_of(16, 16, 5)), (Indices{0, 1, 2, 3, 4}));
    EXPECT_EQ(chosen(batches_of(80, 16, 1)), (Indices{0, 1, 2, 4}));
}

}  // namespace
}  // namespace isobatch
