#include "diagnose/predict_beside_weights.h"

#include <utility>

#include "diagnose/predict.h"
#include "tests/base/expect.h"
#include "tests/diagnose/predicted_window.h"

namespace isobatch {
namespace {

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
    EXPECT_EQ(predict(Cause::adam_state_lost, kept, 0)->updating, Updating::right);
    kept.restarts = true;
    EXPECT_EQ(predict(Cause::adam_state_lost, kept, 0)->updating, Updating::forgotten);
    kept.layout.counts_steps = false;
    EXPECT_EQ(predict(Cause::adam_state_lost, kept, 0)->updating, Updating::right) << "it had nothing to lose";
    EXPECT_FALSE(predict(Cause::schedule_per_micro, kept, 0)->counted) << "as many as are made";
}

TEST(PredictBesideWeights, AnUpdateIsWithoutDecayOrOfAnOverflowWhereItMayBe) {
    WindowEvidence one = window();
    EXPECT_EQ(predict(Cause::decay_lost_when_accumulating, one, 0)->updating, Updating::right) << "nothing decays";
    one.decays = true;
    EXPECT_EQ(predict(Cause::decay_lost_when_accumulating, one, 0)->updating, Updating::undecayed);
    EXPECT_EQ(predict(Cause::inf_not_skipped, one, 0)->updating, Updating::right) << "no loss is scaled";
    one.layout.recipe = Recipe::fp16_autocast;
    EXPECT_EQ(predict(Cause::inf_not_skipped, one, 0)->updating, Updating::unskipped);
    std::erase_if(one.layout.micros, [](const MicroCount& micro) { return micro.micro > 0; });
    EXPECT_EQ(predict(Cause::decay_lost_when_accumulating, one, 0)->updating, Updating::right);
    EXPECT_EQ(predict(Cause::master_weights_lost, one, 0)->updating, Updating::altered);
    EXPECT_EQ(predict(Cause::schedule_per_micro, one, 0)->updating, Updating::right);
}

TEST(PredictBesideWeights, StatisticsAreMovedWhereAModelKeepsSome) {
    WindowEvidence one = window();
    for (const Cause cause : {Cause::statistics_moved_twice, Cause::statistics_of_evaluation})
        EXPECT_EQ(predict(cause, one, 0)->updating, Updating::right);
    one.keeps_statistics = true;
    EXPECT_EQ(predict(Cause::statistics_moved_twice, one, 0)->updating, Updating::forwarded_twice);
    EXPECT_EQ(predict(Cause::statistics_of_evaluation, one, 0)->updating, Updating::forwarded_others);
}

}  // namespace
}  // namespace isobatch
