#include "diagnose/predict.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

using Weights = std::vector<double>;

/// A ragged window of 4x2x4: rank 0 has a micro of 6 units and one without a unit, rank 1 one of 2 units, and the two
/// others none.
WindowEvidence window() {
    WindowEvidence window;
    window.step = window.window = 3;
    window.samples = {"a", "b", "c", "d", "e", "f", "g"};
    window.sample_units = {4, 2, 1, 0, 1, 0, 0};
    window.micro_of = {0, 0, 2, 2, 2, 1, 1};
    window.layout = {{{0, 0, 2, 6}, {0, 1, 2, 0}, {1, 0, 3, 2}}, true};
    return window;
}

Weights predicted(Cause cause, const WindowEvidence& window) {
    return predict(cause, window).value().weights;
}

TEST(Predict, MeanOfMeansIsUnitsPerMicrosTimesOwnUnits) {
    // N = 8 units, K = 3 micros. A micro without a unit has no weight to be wrong, but is one of the K.
    const double first = 8.0 / (3 * 6), last = 8.0 / (3 * 2);
    EXPECT_EQ(predicted(Cause::token_mean_of_means, window()), (Weights{first, first, last, last, last, 1, 1}));
    EXPECT_EQ(predict(Cause::token_mean_of_means, window())->stale, 0);
}

TEST(Predict, MissingDivisionIsTheMicrosOfTheOwnRank) {
    EXPECT_EQ(predicted(Cause::missing_accum_division, window()), (Weights{2, 2, 1, 1, 1, 2, 2}));
    EXPECT_EQ(predict(Cause::missing_accum_division, window())->stale, 0);
}

TEST(Predict, AClearInTheWindowLeavesTheLastMicroOfEachRank) {
    EXPECT_EQ(predicted(Cause::zero_grad_in_window, window()), (Weights{0, 0, 1, 1, 1, 1, 1}));
    EXPECT_EQ(predict(Cause::zero_grad_in_window, window())->stale, 0);
}

TEST(Predict, AMissingClearAddsTheEarlierGradients) {
    EXPECT_EQ(predicted(Cause::not_zeroed_after_step, window()), Weights(7, 1));
    EXPECT_EQ(predict(Cause::not_zeroed_after_step, window())->stale, 1);
}

TEST(Predict, ADroppedTailLeavesTheOtherWindowsRight) {
    EXPECT_EQ(predicted(Cause::epoch_tail_dropped, window()), Weights(7, 1));
    EXPECT_EQ(predict(Cause::epoch_tail_dropped, window())->stale, 0);
}

TEST(Predict, UnknownPredictsNothing) {
    EXPECT_FALSE(predict(Cause::unknown, window()));
}

TEST(Predict, OneMicroIsRightWhateverTheFault) {
    WindowEvidence one = window();
    one.layout = {{{0, 0, 7, 8}}, false};
    one.micro_of.assign(7, 0);
    for (const Cause cause : all_causes)
        if (cause != Cause::unknown) {
            EXPECT_EQ(predicted(cause, one), Weights(7, 1)) << to_string(cause);
        }
}

TEST(Predict, EqualMicrosAreRightUnderMeanOfMeans) {
    WindowEvidence equal = window();
    for (MicroCount& micro : equal.layout.micros) micro.units = 3;
    EXPECT_EQ(predicted(Cause::token_mean_of_means, equal), Weights(7, 1));
}

TEST(ExplainsLedger, ADroppedTailMissesAllAndOnlyTheRaggedWindows) {
    const auto explains = [](Cause cause, const std::vector<std::int64_t>& missing,
                             const std::vector<std::int64_t>& strangers) {
        Evidence evidence;
        evidence.ragged = {3, 6};
        evidence.missing = missing;
        evidence.strangers = strangers;
        return explains_ledger(cause, evidence);
    };
    EXPECT_TRUE(explains(Cause::epoch_tail_dropped, {3, 6}, {}));
    EXPECT_FALSE(explains(Cause::epoch_tail_dropped, {}, {}));
    EXPECT_FALSE(explains(Cause::epoch_tail_dropped, {3}, {}));
    EXPECT_FALSE(explains(Cause::epoch_tail_dropped, {2, 3, 6}, {}));
    EXPECT_FALSE(explains(Cause::epoch_tail_dropped, {3, 6}, {5}));
    for (const Cause cause : all_causes) {
        if (cause == Cause::epoch_tail_dropped) continue;
        EXPECT_TRUE(explains(cause, {}, {})) << to_string(cause);
        EXPECT_FALSE(explains(cause, {3, 6}, {})) << to_string(cause);
        EXPECT_FALSE(explains(cause, {}, {1})) << to_string(cause);
    }
}

}  // namespace
}  // namespace isobatch
