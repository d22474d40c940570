/// What the checks, counts and splits of a trial say against a cause whose weights fit.
#include <cmath>
#include <limits>

#include "diagnose/diagnose.h"
#include "tests/base/expect.h"
#include "tests/diagnose/divergent_record.h"

namespace isobatch {
namespace {

Record with_check(CheckResult result) {
    Record own = record();
    if (result.check == Check::step)
        own.evidence.windows[0].schedule_steps = result.outcome == Outcome::divergent ? 2 : 1;
    own.verdict.checks.push_back(std::move(result));
    return own;
}

TEST(Contradiction, EqualWeightsAreToldApartByTheReportedLoss) {
    const Place place{2, 0, "", -1};
    const Record red = with_check({.check = Check::loss, .outcome = Outcome::divergent, .worst = place});
    EXPECT_EQ(against(Cause::missing_accum_division, red), "");
    EXPECT_EQ(against(Cause::divide_after_backward, red), "loss of 2x2x1 is wrong, and it leaves that right");
    const Record right = with_check({.check = Check::loss, .outcome = Outcome::equivalent, .worst = place});
    EXPECT_EQ(against(Cause::missing_accum_division, right), "loss of 2x2x1 is right, and it makes that wrong");
    EXPECT_EQ(against(Cause::divide_after_backward, right), "");
    const Record unseen = with_check({.check = Check::loss});  // an outside trainer's is compared with nothing
    EXPECT_EQ(against(Cause::missing_accum_division, unseen), "");
    EXPECT_EQ(against(Cause::divide_after_backward, unseen), "");
}

TEST(Contradiction, StepsAreCountedWhereTheyWereJudged) {
    EXPECT_EQ(against(Cause::missing_accum_division, with_check({.check = Check::step})), "");
    const Record twice = with_check({.check = Check::step, .outcome = Outcome::divergent});
    EXPECT_EQ(against(Cause::missing_accum_division, twice),
              "in step 2 of 2x2x1 it predicts 1 advances of the schedule, seen 2");
    Record stepped = with_check({.check = Check::step});
    stepped.evidence.windows[0].steps = 0;
    EXPECT_TRUE(says(against(Cause::missing_accum_division, stepped), "predicts 1 optimizer steps, seen 0"));
    Record counted = with_check({.check = Check::step});
    counted.evidence.windows[0].counted = 2;
    EXPECT_EQ(against(Cause::missing_accum_division, counted),
              "in step 2 of 2x2x1 it predicts that the optimizer counts 1 steps, seen 2");
}

TEST(Contradiction, WhatIsWrongWithAnUpdateIsWhatTheCauseLeaves) {
    Record undecayed = with_check({.check = Check::param, .outcome = Outcome::divergent});
    for (CheckResult& check : undecayed.verdict.checks)
        if (check.check == Check::grad) check.outcome = Outcome::equivalent;
    WindowEvidence& window = undecayed.evidence.windows[0];
    window.decays = true;
    window.updating = Updating::undecayed;
    EXPECT_EQ(against(Cause::missing_accum_division, undecayed),
              "in step 2 of 2x2x1 the update is one without weight decay");
    EXPECT_TRUE(says(against(Cause::master_weights_lost, undecayed), "the update is one without weight decay"));
    window.schedule_steps = 1;
    window.recovered.clear();
    EXPECT_EQ(against(Cause::decay_lost_when_accumulating, undecayed), "");
    window.updating = Updating::right;
    EXPECT_EQ(against(Cause::decay_lost_when_accumulating, undecayed),
              "in step 2 of 2x2x1 it predicts that the update is one without weight decay");
    window.decays = false;
    for (const Cause cause : {Cause::decay_lost_when_accumulating, Cause::inf_not_skipped, Cause::master_weights_lost})
        EXPECT_EQ(against(cause, undecayed), "2x2x1 is divergent, and no update of it is wrong like that");
}

TEST(Contradiction, OnlyWhatIsDecidedMicroByMicroReachesSomeOfThem) {
    const Occasion last(Timing::always, Reach::last_micros);
    EXPECT_EQ(contradiction(Cause::zero_grad_in_window, record(), last), "it does not depend on the micro-batch");
    EXPECT_TRUE(says(contradiction(Cause::missing_accum_division, record(), last), "predicts weight 1.0000"));
    Record own = record();
    own.evidence.windows[0].recovered[0].weights = {1, 1, 2};
    EXPECT_EQ(contradiction(Cause::missing_accum_division, own, last), "");
    EXPECT_NE(contradiction(Cause::missing_accum_division, own), "");
}

TEST(Contradiction, WhereTrustedCutsDoNotAddUpTheModelIsTheReasonAndNothingElse) {
    Record coupled = record();
    EXPECT_EQ(against(Cause::batch_coupled, coupled), "trusted cuts of a window add up");
    EXPECT_EQ(against(Cause::missing_accum_division, coupled), "");
    coupled.evidence.coupling = 256;
    EXPECT_EQ(against(Cause::batch_coupled, coupled), "trusted cuts of a window add up");
    coupled.evidence.coupling = 257;
    EXPECT_EQ(against(Cause::batch_coupled, coupled), "");
    EXPECT_TRUE(says(against(Cause::missing_accum_division, coupled), "cuts of a window do not add up"));
    EXPECT_EQ(contradiction(Cause::batch_coupled, coupled, Occasion(Timing::first_window)),
              "it does not depend on the window");
    coupled.verdict.checks.push_back({.check = Check::step, .outcome = Outcome::divergent});
    EXPECT_EQ(against(Cause::batch_coupled, coupled), "step of 2x2x1 is wrong, and it leaves that right");
}

TEST(Diagnose, AModelThatCouplesItsSamplesIsNamedWithHowFarItsCutsAre) {
    Record coupled = record();
    coupled.evidence.coupling = 5e13;
    for (const bool decoded : {true, false}) {
        if (!decoded) coupled.evidence.windows[0].recovered.clear();
        const Finding finding = diagnose(std::span(&coupled, 1)).at(0);
        EXPECT_EQ(finding.causes, std::vector{Cause::batch_coupled});
        EXPECT_TRUE(
            says(finding.summary, "a trusted cut in fp64 is 5e+13 u·A from the whole, where rounding leaves 256"));
        EXPECT_TRUE(std::isnan(finding.worst_error));
        for (const WeightLine& line : finding.weights) EXPECT_TRUE(std::isnan(line.predicted));
    }
}

TEST(Contradiction, AHorizonIsKnownByTheRateOfLaterWindows) {
    Record slow = record();
    slow.verdict.checks = {{.check = Check::step, .outcome = Outcome::divergent}};
    recovered(slow).weights = {1, 1, 1};
    slow.evidence.windows[0].layout.accum = 2;
    slow.evidence.windows.push_back(slow.evidence.windows[0]);
    slow.evidence.windows[0].window = 1;
    recovered(slow).stale = {};
    slow.evidence.windows[1].lr_ratio = 1.25;
    EXPECT_EQ(against(Cause::schedule_horizon, slow), "");
    EXPECT_TRUE(says(against(Cause::schedule_per_micro, slow), "predicts 2 advances"));
    slow.evidence.windows[1].lr_ratio = 0.75;
    EXPECT_EQ(against(Cause::schedule_horizon, slow),
              "in step 2 of 2x2x1 the learning rate is 0.75 times the right one");
    slow.evidence.windows[1].lr_ratio = 1.25;
    for (WindowEvidence& window : slow.evidence.windows) window.layout.accum = 1;
    EXPECT_TRUE(says(against(Cause::schedule_horizon, slow), "it changes nothing there"));
}

/// Right weights, and a step that is wrong.
Record wrong_update(double norm, std::vector<Clipping> clipping) {
    Record own = record();
    own.verdict.checks = {{.check = Check::grad},
                          {.check = Check::norm, .outcome = norm > 0 ? Outcome::divergent : Outcome::equivalent},
                          {.check = Check::param, .outcome = Outcome::divergent}};
    recovered(own).weights = {1, 1, 1};
    own.evidence.windows[0].layout.norm = norm;
    own.evidence.windows[0].clipping = std::move(clipping);
    return own;
}

TEST(Contradiction, AnUpdateThatIsWrongWithoutAClipIsNoFaultOfClipping) {
    const Record wrong = wrong_update(0, {Clipping::right});
    for (const Cause cause :
         {Cause::clip_disabled, Cause::norm_misses_shards, Cause::clip_local_norm, Cause::norm_counts_replicas})
        EXPECT_TRUE(says(against(cause, wrong), "it changes nothing there")) << to_string(cause);
}

TEST(Contradiction, AClipIsWhatItsNormAndFactorSay) {
    const Record left_out = wrong_update(2, {Clipping::left_out});
    EXPECT_EQ(against(Cause::clip_disabled, left_out), "");
    EXPECT_TRUE(says(against(Cause::norm_misses_shards, left_out), "by the norm of all parameters but one"));
    const Record part = wrong_update(2, {Clipping::all_but_one, Clipping::one_alone});
    EXPECT_EQ(against(Cause::norm_misses_shards, part), "");
    EXPECT_EQ(against(Cause::clip_local_norm, part), "");
    EXPECT_TRUE(says(against(Cause::clip_disabled, part), "clipped by nothing"));
    EXPECT_NE(against(Cause::norm_counts_replicas, part), "");
    for (const Cause cause : {Cause::clip_disabled, Cause::norm_misses_shards, Cause::clip_local_norm})
        EXPECT_NE(against(cause, wrong_update(2, {})), "") << "nothing that is known";
}

TEST(Contradiction, AReportIsWhatTheLossesOfItsMicrosSay) {
    Record told = with_check({.check = Check::loss, .outcome = Outcome::divergent, .worst = Place{2, 0, "", -1}});
    told.verdict.checks[1].outcome = Outcome::equivalent;
    recovered(told).weights = {1, 1, 1};
    told.evidence.windows[0].reporting = {Reporting::over_accum};
    EXPECT_EQ(against(Cause::log_loss_over_accum, told), "");
    EXPECT_TRUE(says(against(Cause::log_scaled_loss, told), "a reported loss that is multiplied by a loss scale"));
    EXPECT_NE(against(Cause::log_last_micro_loss, told), "");
    told.evidence.windows[0].reporting = {Reporting::last_micro, Reporting::over_accum};
    EXPECT_EQ(against(Cause::log_last_micro_loss, told), "");
    told.evidence.windows[0].reporting = {};
    for (const Cause cause :
         {Cause::log_loss_over_accum, Cause::log_scaled_loss, Cause::log_last_micro_loss, Cause::token_mean_of_means})
        EXPECT_NE(against(cause, told), "") << "nothing that is known";
}

TEST(Contradiction, WhatIsNotANumberWasDividedByNothing) {
    Record none = record();
    const Place place{2, 0, "", -1};
    none.verdict.checks = {{.check = Check::grad},
                           {.check = Check::loss,
                            .outcome = Outcome::divergent,
                            .observed = std::numeric_limits<double>::infinity(),
                            .first = place,
                            .worst = place}};
    recovered(none).weights = {1, 1, 1};
    EXPECT_TRUE(says(against(Cause::empty_micro_counted, none), "is not a number")) << "no micro is empty";
    none.evidence.windows[0].layout.micros[1].units = 0;
    EXPECT_EQ(against(Cause::empty_micro_counted, none), "");
    EXPECT_TRUE(says(against(Cause::n_minus_one, none), "the loss of step 2 of 2x2x1 is not a number"));
    none.verdict.checks[1].observed = 3;
    EXPECT_TRUE(says(against(Cause::empty_micro_counted, none), "all is numbers"));
    none.verdict.checks[1].observed = std::numeric_limits<double>::infinity();
    none.evidence.windows[0].layout.micros[1].units = 1;
    none.verdict.checks[1].first = Place{9, 0, "", -1};
    EXPECT_EQ(against(Cause::empty_micro_counted, none), "") << "nobody looked at what that window holds";
}

TEST(Contradiction, RoundedSumsStillHaveRightWeights) {
    Record rounded = record();
    rounded.trial.recipe = Recipe::fp32;
    rounded.evidence.narrow = 1;
    rounded.evidence.windows[0].condition = 1e4;  // where bf16 alone would leave any weight open
    EXPECT_TRUE(says(against(Cause::bf16_accumulator, rounded), "recovered 2.0000"));
    recovered(rounded).weights = {1.1, 0.9, 1};
    EXPECT_EQ(against(Cause::bf16_accumulator, rounded), "");
}

TEST(Contradiction, StreamsAreCutShortOnlyWhereATailDoesNotDivide) {
    Record lost = record();
    lost.trial.samples = 7;  // of four and of three, on one device
    lost.evidence.missing = lost.evidence.ragged = {3};
    EXPECT_EQ(against(Cause::ragged_rank_streams, lost), "in 2x2x1 the devices have 3 samples of the tail");
    lost.trial.split = {1, 2, 2};  // one for each of them is left
    EXPECT_EQ(against(Cause::ragged_rank_streams, lost), "in 1x2x2 the devices have 3 samples of the tail");
    lost.trial.split = {1, 1, 4};  // and here none
    EXPECT_FALSE(says(against(Cause::ragged_rank_streams, lost), "samples of the tail"));
}

TEST(Contradiction, ALossAloneIsNotMovedByWeightsThatAreRight) {
    Record right = with_check({.check = Check::loss, .outcome = Outcome::divergent, .worst = Place{2, 0, "", -1}});
    right.verdict.checks[1].outcome = Outcome::equivalent;
    recovered(right).weights = {1, 1, 1};
    EXPECT_EQ(against(Cause::wrong_group_divisor, right), "2x2x1 is divergent, and it changes nothing there");
}

TEST(Contradiction, ARightTrialWhereItHasPowerSpeaksAgainstIt) {
    Record green = with_check({.check = Check::events});
    green.verdict.outcome = Outcome::equivalent;
    green.verdict.sensitivity = std::numeric_limits<double>::infinity();
    green.evidence.windows[0].recovered.clear();
    EXPECT_EQ(against(Cause::zero_grad_in_window, green), "2x2x1 is right, and it makes events wrong there");
    EXPECT_EQ(against(Cause::last_backward_survives, green), "") << "its weights are all that shows it";
}

}  // namespace
}  // namespace isobatch
