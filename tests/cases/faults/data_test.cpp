#include "cases/faults/faults.h"

#include <gtest/gtest.h>

#include "../../run/small_trial.h"
#include "run/matrix.h"

namespace isobatch {
namespace {

using Samples = std::vector<std::int64_t>;

isobatch::Setup planted(const std::string& id, const Split& split, std::int64_t samples) {
    Trial trial = small_trial(split);
    trial.samples = samples;
    trial.epochs = 2;
    isobatch::Setup setup = make_setup(trial);
    EXPECT_TRUE(id.empty() || plant_data(id, setup));
    return setup;
}

Samples held(const isobatch::Setup& setup, std::size_t batch) {
    return setup.window(setup.batches().at(batch)).samples;
}

TEST(DataFaults, ARepeatedBatchIsThatOfThePlacesFirstMicro) {
    const Samples right = held(planted("", {1, 2, 2}, 7), 0);
    // In sampler order: micro 0 of places 0 and 1, then micro 1 of both.
    EXPECT_EQ(held(planted("same-batch-repeated", {1, 2, 2}, 7), 0), (Samples{right[0], right[1], right[0], right[1]}));
}

TEST(DataFaults, AfterARetryOnlyTheFirstMicrosAreLeft) {
    const Samples right = held(planted("", {1, 2, 2}, 7), 0);
    const isobatch::Setup cut = planted("truncated-after-retry", {1, 2, 2}, 7);
    EXPECT_EQ(held(cut, 0), (Samples{right[0], right[1]}));
    const Window window = cut.window(cut.batches()[0]);
    EXPECT_EQ(window.most_micros(), 1);
    EXPECT_EQ(window.micro_units.size(), 2u);
    EXPECT_EQ(held(planted("truncated-after-retry", {2, 1, 2}, 7), 0), held(planted("", {2, 1, 2}, 7), 0));
}

TEST(DataFaults, ADifferentSeedOnTheSecondPlaceReadsOneSampleAhead) {
    const isobatch::Setup right = planted("", {2, 1, 2}, 5), wrong = planted("per-rank-sampler-seed", {2, 1, 2}, 5);
    const Samples order = right.order(1);
    EXPECT_EQ(held(wrong, 0), (Samples{order[0], order[1], order[3], order[4]}));
    EXPECT_EQ(held(wrong, 1), held(right, 1)) << "the second place has nothing of the tail";
}

TEST(DataFaults, WithoutTheEpochItsOrderIsThatOfTheFirst) {
    const isobatch::Setup right = planted("", {1, 2, 2}, 8), wrong = planted("epoch-not-set", {1, 2, 2}, 8);
    EXPECT_EQ(held(wrong, 0), held(right, 0));
    EXPECT_EQ(held(wrong, 2), held(right, 0));
    EXPECT_NE(held(right, 2), held(right, 0));
    EXPECT_EQ(held(planted("epoch-not-set", {2, 2, 1}, 8), 2), held(planted("", {2, 2, 1}, 8), 2)) << "one place";
}

/// Where an epoch is one window, its order is no fault, and is judged like any other.
TEST(DataFaults, TheSameSamplesInAnotherOrderAreRight) {
    for (const std::uint64_t seed : {1, 2, 3, 4}) {
        Trial trial = small_trial({2, 1, 2});
        trial.samples = 4;
        trial.seed = seed;
        trial.fault = "epoch-not-set";
        EXPECT_LE(Matrix(plant, {}).run(trial).verdict.outcome, Outcome::equivalent) << seed;
    }
}

TEST(DataFaults, APaddedTailTakesFromTheBeginningAndAStridedOneLoses) {
    const Samples right = held(planted("", {1, 1, 4}, 6), 1);
    ASSERT_EQ(right.size(), 2U);
    const isobatch::Setup padded = planted("sampler-padding-duplicates", {1, 1, 4}, 6);
    const Samples order = padded.order(1);
    EXPECT_EQ(held(padded, 1), (Samples{right[0], right[1], order[0], order[1]}));
    EXPECT_EQ(padded.window(padded.batches()[1]).micros.size(), 4U);
    EXPECT_TRUE(held(planted("ragged-rank-streams", {1, 1, 4}, 6), 1).empty());
    EXPECT_EQ(held(planted("ragged-rank-streams", {2, 1, 2}, 7), 1).size(), 2U);
    for (const char* id : {"sampler-padding-duplicates", "ragged-rank-streams"})
        EXPECT_EQ(held(planted(id, {1, 1, 4}, 6), 0), held(planted("", {1, 1, 4}, 6), 0)) << "a full window is even";
}

TEST(DataFaults, AWindowThatLostAllItsSamplesIsNotTrainedOn) {
    EXPECT_EQ(planted("", {1, 1, 4}, 6).trained_windows(), 4);
    EXPECT_EQ(planted("ragged-rank-streams", {1, 1, 4}, 6).trained_windows(), 2);
}

/// Windows of 4 over 11 samples, of 2 micros on a place each: the run goes on with the second micro of the first
/// window.
TEST(DataFaults, ARunThatSkipsAMicroForEachUpdateTrainsOnSamplesAgain) {
    Trial trial = small_trial({1, 2, 2});
    trial.restart = 1;
    isobatch::Setup setup = make_setup(trial);
    const std::int64_t promised = setup.trained_windows();
    ASSERT_TRUE(plant_data("resume-skips-updates", setup));
    const std::vector<Batch> batches = setup.batches();
    const std::vector<Batch> expected{{1, 0, 0, 4}, {1, 1, 2, 4}, {1, 2, 6, 4}, {1, 3, 10, 1},
                                      {2, 0, 0, 4}, {2, 1, 4, 4}, {2, 2, 8, 3}};
    EXPECT_EQ(batches, expected);
    EXPECT_EQ(setup.horizon(), promised) << "it is read from the configuration";

    for (const int restart : {0, 3}) {  // never, and at the epoch's end
        trial.restart = restart;
        isobatch::Setup right = make_setup(trial);
        ASSERT_TRUE(plant_data("resume-skips-updates", right));
        EXPECT_EQ(right.batches(), batches_of(11, 4, 2)) << restart;
    }
}

TEST(DataFaults, TheRestOfARestartedEpochIsInTheFirstOnesOrder) {
    Trial trial = small_trial({1, 2, 2});
    trial.epochs = 3;
    trial.restart = 4;
    const isobatch::Setup right = make_setup(trial);
    isobatch::Setup wrong = right;
    ASSERT_TRUE(plant_data("resume-wrong-permutation", wrong));
    for (const std::size_t batch : {0, 1, 2, 3, 6, 7, 8}) EXPECT_EQ(held(wrong, batch), held(right, batch)) << batch;
    for (const std::size_t batch : {4, 5}) {
        EXPECT_EQ(held(wrong, batch), held(right, batch - 3)) << batch;
        EXPECT_NE(held(wrong, batch), held(right, batch)) << batch;
    }
}

TEST(DataFaults, AnotherFamilysIdIsLeftAlone) {
    isobatch::Setup setup = make_setup(small_trial({1, 2, 2}));
    EXPECT_FALSE(plant_data("clip-disabled", setup));
}

}  // namespace
}  // namespace isobatch
