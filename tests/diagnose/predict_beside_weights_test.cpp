#include "diagnose/predict_beside_weights.h"

#include <utility>

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
    window.layout = {{{0, 0, 2, 6}, {0, 1, 2, 0}, {1, 0, 3, 2}}, true, 4};
    return window;
}

Weights predicted(Cause cause, const WindowEvidence& window, int rank = 0) {
    return predict(cause, window, rank).value().weights;
}

TEST(PredictBesideWeights, ASumOfFewBitsHasTheRightWeightsAndIsRounded) {
    WindowEvidence alone = window();
    alone.layout.mesh = {};
    WindowEvidence blank = window();
    for (MicroCount& micro : blank.layout.micros) micro.units = 0;
    for (const Cause cause : {Cause::bf16_accumulator, Cause::bf16_reduction}) {
        EXPECT_EQ(predicted(cause, window()), Weights(7, 1));
        EXPECT_TRUE(predict(cause, window(), 0)->rounded);
        EXPECT_FALSE(predict(cause, blank, 0)->rounded) << "nothing is summed";
        EXPECT_EQ(predict(cause, alone, 0)->rounded, cause == Cause::bf16_accumulator);
    }
}

TEST(PredictBesideWeights, AReportIsOfTheWindowsLayoutAndTheWeightsAreRight) {
    for (const auto& [cause, reporting] : {std::pair{Cause::log_last_micro_loss, Reporting::last_micro},
                                           {Cause::log_loss_over_accum, Reporting::over_accum},
                                           {Cause::log_scaled_loss, Reporting::scaled}}) {
        EXPECT_EQ(predicted(cause, window()), Weights(7, 1));
        EXPECT_EQ(predict(cause, window(), 0)->reporting, reporting);
        WindowEvidence later = window();
        later.layout.moment.window = 2;
        EXPECT_EQ(predict(cause, later, 0, Timing::first_window)->reporting, Reporting::right);
    }
    WindowEvidence one = window();
    one.layout = {{{0, 0, 7, 8}}, false, 1};
    EXPECT_EQ(predict(Cause::log_last_micro_loss, one, 0)->reporting, Reporting::right);
    EXPECT_EQ(predict(Cause::log_loss_over_accum, one, 0)->reporting, Reporting::right);
    EXPECT_EQ(predict(Cause::log_scaled_loss, one, 0)->reporting, Reporting::scaled);
}

TEST(PredictBesideWeights, CountsOfStepsAreThoseOfTheTail) {
    WindowEvidence full = window();
    full.layout.ragged = false;
    const auto steps = [&](Cause cause) {
        return std::pair(predict(cause, window(), 0)->steps, predict(cause, full, 0)->steps);
    };
    EXPECT_EQ(steps(Cause::epoch_tail_extra_step), (std::pair<std::int64_t, std::int64_t>(2, 1)));
    EXPECT_EQ(steps(Cause::step_lost_grads_wiped), (std::pair<std::int64_t, std::int64_t>(0, 1)));
    EXPECT_EQ(steps(Cause::schedule_per_micro), (std::pair<std::int64_t, std::int64_t>(1, 1)));
    EXPECT_EQ(predict(Cause::schedule_per_micro, window(), 0)->schedule_steps, 2);
    EXPECT_EQ(predict(Cause::schedule_per_rank, window(), 0)->schedule_steps, 4);
    WindowEvidence averaged = window();
    EXPECT_EQ(predict(Cause::ema_per_micro, averaged, 0)->averages, 1);
    averaged.layout.averaged = true;
    EXPECT_EQ(predict(Cause::ema_per_micro, averaged, 0)->averages, 2);
    EXPECT_EQ(predict(Cause::schedule_horizon, window(), 0)->schedule_steps, 1);
}

TEST(PredictBesideWeights, AnOptimizersOwnCountIsOfItsStepsWhereItKeepsOne) {
    WindowEvidence kept = window();
    EXPECT_EQ(predict(Cause::adam_count_per_micro, kept, 0)->counted, 1);
    EXPECT_EQ(predict(Cause::step_not_incremented, kept, 0)->counted, 1);
    kept.layout.counts_steps = true;
    EXPECT_EQ(predict(Cause::adam_count_per_micro, kept, 0)->counted, 2);
    EXPECT_EQ(predict(Cause::step_not_incremented, kept, 0)->counted, 0);
    EXPECT_FALSE(predict(Cause::schedule_per_micro, kept, 0)->counted) << "as many as are made";
}

}  // namespace
}  // namespace isobatch
