/// Evidence made by hand: what each kind of it says against a cause.
#include <algorithm>
#include <cmath>
#include <limits>

#include "diagnose/diagnose.h"
#include "tests/base/expect.h"
#include "tests/diagnose/divergent_record.h"

namespace isobatch {
namespace {

using Causes = std::vector<Cause>;

const double nan = std::nan("");

TEST(Contradiction, ACauseThatPredictsEverythingHasNone) {
    EXPECT_EQ(against(Cause::missing_accum_division, record()), "");
    EXPECT_EQ(against(Cause::unknown, record()), "it predicts nothing");
}

TEST(Contradiction, NamesTheWeightThatDoesNotFit) {
    EXPECT_EQ(against(Cause::zero_grad_in_window, record()),
              "in step 2 of 2x2x1 it predicts weight 0.0000 for sample a (rank 0, micro 0), recovered 2.0000");
    Record third = record();
    recovered(third).weights = {2, 2, 1};
    EXPECT_EQ(against(Cause::missing_accum_division, third),
              "in step 2 of 2x2x1 it predicts weight 2.0000 for sample c (rank 0, micro 1), recovered 1.0000");
}

TEST(Contradiction, AWeightIsRightToItsToleranceTimesItsSize) {
    for (const double sign : {-1.0, 1.0}) {
        Record close = record();
        recovered(close).weights[1] = 2 + sign * 1.9e-6;
        EXPECT_EQ(against(Cause::missing_accum_division, close), "");
        recovered(close).weights[1] = 2 + sign * 2.1e-6;
        EXPECT_NE(against(Cause::missing_accum_division, close), "");
    }
    Record small = record();  // below 1 the tolerance is absolute
    recovered(small).weights = {0.9e-6, -0.9e-6, 1};
    EXPECT_EQ(against(Cause::zero_grad_in_window, small), "");
    recovered(small).weights = {1.1e-6, 0, 1};
    EXPECT_NE(against(Cause::zero_grad_in_window, small), "");
}

TEST(Contradiction, ASampleWithoutAGradientSaysNothing) {
    Record silent = record();
    recovered(silent).weights = {nan, 2, nan};
    EXPECT_EQ(against(Cause::missing_accum_division, silent), "");
    EXPECT_NE(against(Cause::zero_grad_in_window, silent), "");
}

TEST(Contradiction, EveryEarlierGradientCounts) {
    Record stale = record();
    recovered(stale) = {{0}, {1, 1, 1}, {1, 1}, 0};
    EXPECT_EQ(against(Cause::not_zeroed_after_step, stale), "");
    for (const double share : {0.0, 1 + 1.1e-6, 1 - 1.1e-6, nan}) {
        recovered(stale).stale[1] = share;
        EXPECT_TRUE(says(against(Cause::not_zeroed_after_step, stale), "it predicts 1.0000 of an earlier gradient"));
    }
    // What is left over was clipped with the gradient: of the last window something must be there, but not more than
    // all.
    stale.evidence.windows[0].layout.norm = 3;
    for (const auto& [older, last, fits] :
         {std::tuple{0.09, 0.3, true}, {0.0, 0.3, true}, {0.09, 0.0, false}, {0.09, 1.1, false}, {-0.1, 0.3, false}}) {
        recovered(stale).stale = {older, last};
        EXPECT_EQ(against(Cause::not_zeroed_after_step, stale).empty(), fits) << older << " " << last;
    }
    stale.evidence.windows[0].layout.norm = 0;
    recovered(stale) = {{0}, {2, 2, 2}, {0, 1.1e-6}, 0};
    EXPECT_TRUE(says(against(Cause::missing_accum_division, stale),
                     "it predicts 0.0000 of an earlier gradient, recovered 0.0000"));
    recovered(stale).stale[1] = -0.9e-6;
    EXPECT_EQ(against(Cause::missing_accum_division, stale), "");
}

TEST(Contradiction, AResidualAboveRoundingIsNotExplained) {
    Record strange = record();
    recovered(strange).residual = 0.9e-10;
    EXPECT_EQ(against(Cause::missing_accum_division, strange), "");
    for (const double residual : {1.1e-10, 0.5, std::numeric_limits<double>::infinity(), nan}) {
        recovered(strange).residual = residual;
        EXPECT_TRUE(says(against(Cause::missing_accum_division, strange),
                         "in step 2 of 2x2x1 no weights explain the gradient (residual"));
    }
    strange.trial.recipe = Recipe::fp32;
    recovered(strange).residual = 0.9e-4;
    EXPECT_EQ(against(Cause::missing_accum_division, strange), "");
    recovered(strange).residual = 1.1e-4;
    EXPECT_NE(against(Cause::missing_accum_division, strange), "");
}

TEST(Contradiction, EveryRankAndWindowIsRead) {
    Record two = record();
    two.evidence.windows[0].recovered.push_back({{1}, {2, 2, 1}, {0, 0}, 0});
    EXPECT_NE(against(Cause::missing_accum_division, two), "");
    two = record();
    two.evidence.windows.push_back(two.evidence.windows[0]);
    two.evidence.windows[1].step = 7;
    two.evidence.windows[1].recovered[0].weights[0] = 1;
    EXPECT_TRUE(says(against(Cause::missing_accum_division, two), "in step 7"));
}

TEST(Contradiction, TheLedgerComesFirst) {
    Record lost = record();
    lost.evidence.missing = {3};
    lost.evidence.ragged = {3, 6};
    EXPECT_EQ(against(Cause::missing_accum_division, lost), "2x2x1 does not hold the promised samples in every window");
    EXPECT_EQ(against(Cause::epoch_tail_dropped, lost), "2x2x1 misses 1 windows, 2 are ragged");
}

TEST(Contradiction, AGreenTrialSpeaksBeyondItsSensitivity) {
    Record green = record();
    green.verdict.outcome = Outcome::equivalent;
    green.verdict.sensitivity = 0.01;
    green.evidence.windows[0].recovered.clear();
    EXPECT_TRUE(says(against(Cause::missing_accum_division, green),
                     "it predicts weight 2.0000 for sample a, where the gradient is right"));
    EXPECT_TRUE(says(against(Cause::token_mean_of_means, green), "weight 0.6667 for sample a"));
    EXPECT_TRUE(says(against(Cause::not_zeroed_after_step, green), "an earlier gradient, where the gradient is right"));
    EXPECT_EQ(against(Cause::epoch_tail_dropped, green), "");
    green.verdict.outcome = Outcome::identical;
    EXPECT_NE(against(Cause::missing_accum_division, green), "");

    green.evidence.windows[0].window = 1;  // nothing is earlier than the first window
    EXPECT_EQ(against(Cause::not_zeroed_after_step, green), "");
    green.evidence.windows[0].sample_units = {0, 0, 1};  // and what has no unit has no weight
    EXPECT_TRUE(says(against(Cause::missing_accum_division, green), "sample c"));
    EXPECT_EQ(against(Cause::zero_grad_in_window, green), "");
}

TEST(Contradiction, ADivergentTrialMustBeMoved) {
    Record right = record();
    recovered(right).weights = {1, 1, 1};
    right.evidence.windows[0].layout.micros = {{0, 0, 2, 2}, {1, 0, 1, 2}};  // one micro a rank, of one size
    for (const Cause cause : {Cause::token_mean_of_means, Cause::missing_accum_division, Cause::zero_grad_in_window,
                              Cause::epoch_tail_dropped})
        EXPECT_EQ(against(cause, right), "2x2x1 is divergent, and it changes no gradient there") << to_string(cause);
    right.verdict.checks[1].outcome = Outcome::equivalent;
    right.verdict.checks[0].outcome = Outcome::divergent;
    EXPECT_EQ(against(Cause::zero_grad_in_window, right), "2x2x1 is divergent, and it changes nothing there");
    right.evidence.missing = right.evidence.ragged = {4};
    EXPECT_EQ(against(Cause::epoch_tail_dropped, right), "");
    right.evidence.missing.clear();
    recovered(right).stale = {1, 1};
    EXPECT_EQ(against(Cause::not_zeroed_after_step, right), "");
    right.evidence.windows[0].window = 1;
    recovered(right).stale.clear();
    EXPECT_EQ(against(Cause::not_zeroed_after_step, right), "2x2x1 is divergent, and it changes nothing there");
    right.verdict.outcome = Outcome::inconclusive;
    EXPECT_EQ(against(Cause::not_zeroed_after_step, right), "");
}

TEST(Contradiction, ACleanMicroWithoutUnitsCanStillBeTheFault) {
    // Only the events are red: the cleared micro had no unit, so no gradient moved.
    Record cleared = record();
    cleared.verdict.checks[1].outcome = Outcome::equivalent;
    cleared.evidence.windows[0].layout.micros[0].units = 0;
    cleared.evidence.windows[0].sample_units = {0, 0, 1};
    recovered(cleared).weights = {nan, nan, 1};
    EXPECT_EQ(against(Cause::zero_grad_in_window, cleared), "");
    cleared.verdict.checks[1].outcome = Outcome::divergent;  // some gradient did, and it moves none
    EXPECT_EQ(against(Cause::zero_grad_in_window, cleared), "2x2x1 is divergent, and it changes no gradient there");
}

TEST(Diagnose, ListsTheSetThatTheEvidenceCannotSeparate) {
    Record vague = record();
    recovered(vague).weights = {nan, nan, 2};
    recovered(vague).stale.clear();
    const Finding finding = diagnose(std::span(&vague, 1)).at(0);
    for (const Cause cause : {Cause::missing_accum_division, Cause::divide_after_backward})
        EXPECT_TRUE(std::count(finding.causes.begin(), finding.causes.end(), cause)) << to_string(cause);
    for (const Cause cause :
         {Cause::n_minus_one, Cause::epoch_tail_dropped, Cause::never_synced, Cause::schedule_per_micro})
        EXPECT_FALSE(std::count(finding.causes.begin(), finding.causes.end(), cause)) << to_string(cause);
    EXPECT_TRUE(says(finding.separated_by, "--splits all"));
    EXPECT_EQ(finding.rivals.size() + finding.causes.size(), all_causes.size() - 1);
}

TEST(Diagnose, NamesNothingByItsWeightsWhereNoneCouldBeRead) {
    Record blind = record();
    recovered(blind).weights = {nan, nan, nan};
    recovered(blind).stale.clear();
    EXPECT_EQ(diagnose(std::span(&blind, 1)).at(0).causes,
              (Causes{Cause::zero_grad_in_window, Cause::not_zeroed_after_step}))
        << "which the events show too";
}

TEST(Diagnose, SaysWhichDataWouldTellTwoMeansApart) {
    Record means = record();  // two samples a micro, with three units and with one
    means.evidence.windows[0].layout.micros = {{0, 0, 2, 3}, {0, 1, 2, 1}};
    recovered(means).weights = {4.0 / 6, 4.0 / 6, 2};
    const Finding finding = diagnose(std::span(&means, 1)).at(0);
    EXPECT_EQ(finding.causes, (Causes{Cause::token_mean_of_means, Cause::sample_share_on_token_mean}));
    EXPECT_TRUE(says(finding.separated_by, "hold different numbers of samples"));
}

TEST(Diagnose, TheFirstSightIsTheFirstGradientThatIsWrong) {
    Record green = record();
    green.verdict.outcome = Outcome::equivalent;
    Record first = record();
    first.trial.split = {1, 4, 1};
    first.repro = "first";
    recovered(first) = {{0}, {1, 1 + 0.9e-6, nan}, {0, -0.9e-6}, 0.9e-10};
    first.evidence.windows.push_back(record().evidence.windows[0]);
    first.evidence.windows[1].step = 5;
    first.evidence.windows[1].recovered = {{{0, 2}, {1, 1, 1}, {0, 0}, 0}, {{1, 3}, {1, 1, 1 - 1.1e-6}, {0, 0}, 0}};
    const std::vector<Record> records{green, first, record()};
    const Finding finding = diagnose(records).at(0);
    EXPECT_EQ(finding.first, (Place{5, 1, "", -1}));
    EXPECT_EQ(finding.trial, to_string(first.trial));
    EXPECT_EQ(finding.repro, "first");
    EXPECT_EQ(finding.weights.at(2).recovered, 1 - 1.1e-6);
    EXPECT_EQ(finding.weights[2].micro, 1);
    EXPECT_EQ(finding.stale, (std::vector<double>{0, 0}));

    recovered(first).stale[0] = 1.1e-6;
    EXPECT_EQ(diagnose(std::vector<Record>{first}).at(0).first.step, 2);
    recovered(first).stale[0] = 0;
    recovered(first).residual = 1.1e-10;
    EXPECT_EQ(diagnose(std::vector<Record>{first}).at(0).first.step, 2);
}

TEST(Diagnose, WhereNoGradientIsWrongTheVerdictSaysWhere) {
    Record late = record();
    late.verdict.checks = {{.check = Check::data},
                           {.check = Check::step, .outcome = Outcome::divergent, .first = Place{4, 1, "", -1}},
                           {.check = Check::loss, .outcome = Outcome::divergent, .first = Place{9, 0, "", -1}}};
    recovered(late) = {{0}, {1, 1, 1}, {0, 0}, 0};
    const Finding finding = diagnose(std::vector<Record>{late}).at(0);
    EXPECT_EQ(finding.first, (Place{4, 1, "", -1}));
    EXPECT_TRUE(finding.weights.empty());
    EXPECT_TRUE(finding.stale.empty());
}

TEST(Diagnose, TheWorstErrorIsThatOfTheWholeMatrix) {
    Record second = record();
    second.trial.split = {1, 4, 1};
    recovered(second).weights = {2 + 1e-6, 2 - 1.5e-6, nan};
    const std::vector<Record> records{record(), second};
    EXPECT_NEAR(diagnose(records).at(0).worst_error, 1.5e-6, 1e-15);
    EXPECT_EQ(diagnose(std::vector<Record>{record()}).at(0).worst_error, 0);
}

}  // namespace
}  // namespace isobatch
