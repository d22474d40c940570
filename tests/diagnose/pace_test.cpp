#include "diagnose/pace.h"

#include "tests/base/expect.h"
#include "tests/diagnose/divergent_record.h"
#include "tests/diagnose/matrix.h"

namespace isobatch {
namespace {

const Synthetic& matrix() {
    static const Synthetic matrix;
    return matrix;
}

std::vector<Pace> paces(const Trace& candidate, const Yardstick& yardstick) {
    return paces_of(yardstick, candidate, align(yardstick, candidate));
}

TEST(PacesOf, EveryWindowHasItsRateAndItsUpdates) {
    const Yardstick yardstick = yardstick_of(matrix().reference());
    Trace candidate = matrix().candidate({2, 4, 2});
    for (const Pace& pace : paces(candidate, yardstick)) EXPECT_EQ(pace, (Pace{pace.window, 1, 0}));
    EXPECT_EQ(paces(candidate, yardstick).size(), yardstick.windows.size()) << "also of those that nobody judged";
    candidate.ranks[0][3].lr[0] *= 2;
    candidate.ranks[0][3].counters.optimizer_steps += 3;
    EXPECT_EQ(paces(candidate, yardstick)[3], (Pace{yardstick.windows[3].step, 2, 3}));
    candidate.ranks[0][3].lr.clear();
    EXPECT_EQ(paces(candidate, yardstick)[3].lr_ratio, 1) << "nothing is known of it";
}

TEST(LrRatio, IsOneWhereThereIsNone) {
    Step step;
    WindowScale window;
    EXPECT_EQ(lr_ratio(step, window), 1);
    step.lr = {0.3, 7};
    EXPECT_EQ(lr_ratio(step, window), 1);
    window.lr = {0, 7};
    EXPECT_EQ(lr_ratio(step, window), 1) << "the reference stands still";
    window.lr = {0.1, 7};
    EXPECT_DOUBLE_EQ(lr_ratio(step, window), 3);
}

TEST(TurnsOf, AreCountedBesideTheReferences) {
    Trace candidate = matrix().candidate({2, 4, 2});
    WindowScale window;
    const auto advances = [&](std::int64_t own, std::int64_t reference, std::size_t micros) {
        candidate.ranks[0][0].counters.scheduler_steps = own;
        window.counters.scheduler_steps = reference;
        window.micros = micros;
        return turns_of(candidate, 0, window, &Counters::scheduler_steps);
    };
    EXPECT_EQ(advances(0, 0, 1), 1) << "after the update, in both";
    EXPECT_EQ(advances(1, 1, 1), 1);
    EXPECT_EQ(advances(2, 1, 1), 1) << "a wrapper that advances it once for each of two devices";
    EXPECT_EQ(advances(4, 1, 1), 4) << "with every micro, where the reference has one";
    EXPECT_EQ(advances(3, 0, 1), 4) << "with every micro but the last, and after the update";
    EXPECT_EQ(advances(4, 8, 8), 4) << "where the reference has more";
    EXPECT_EQ(turns_of(candidate, 99, window, &Counters::scheduler_steps), 1);
    candidate.ranks[0][0].counters.ema_updates = 5;
    EXPECT_EQ(turns_of(candidate, 0, window, &Counters::ema_updates), 13) << "each count by itself";
}

/// Right weights; its tail, window 3, leaves it a turn without a sample.
Record outside() {
    Record own = record();
    own.trial.subject = "outside";
    own.verdict.checks = {{.check = Check::events}, {.check = Check::step, .outcome = Outcome::divergent}};
    own.evidence.windows[0].window = 1;
    recovered(own).weights = {1, 1, 1};
    recovered(own).stale = {};
    own.evidence.ragged = own.evidence.unfilled = {3};
    own.evidence.paces = {{1, 1, 0}, {2, 1, 0}, {3, 1, 0}, {4, 1, 0}};
    return own;
}

TEST(AgainstPaces, AHorizonIsKnownByTheRatesOfAllWindows) {
    Record slow = outside();
    EXPECT_EQ(against(Cause::schedule_horizon, slow),
              "in window 2 of 2x2x1 the learning rate is 1 times the right one");
    for (std::size_t k = 1; k < 4; ++k) slow.evidence.paces[k].lr_ratio = 1 + 0.1 * static_cast<double>(k);
    EXPECT_EQ(against(Cause::schedule_horizon, slow), "");
    EXPECT_TRUE(says(against(Cause::schedule_per_micro, slow), "predicts 2 advances of the schedule, seen 1"));
    EXPECT_TRUE(says(against(Cause::epoch_tail_extra_step, slow), "in window 4 of 2x2x1 it predicts 1 updates"));
    slow.evidence.paces[0].lr_ratio = 1.1;
    EXPECT_TRUE(says(against(Cause::schedule_horizon, slow), "in window 1"));
    slow.evidence.paces = {{1, 1, 0}};
    EXPECT_EQ(against(Cause::schedule_horizon, slow), "no later window of 2x2x1 shows its learning rate");
    slow.verdict.outcome = Outcome::equivalent;
    EXPECT_EQ(against_paces(Cause::schedule_horizon, slow), "");
}

TEST(AgainstPaces, AnEpochThatEndsTwiceIsKnownByItsUpdates) {
    Record twice = outside();
    twice.verdict.checks[0].outcome = Outcome::divergent;
    twice.evidence.paces[3].ahead = 1;
    EXPECT_EQ(against(Cause::epoch_tail_extra_step, twice), "");
    EXPECT_EQ(against(Cause::step_lost_grads_wiped, twice), "no update is lost in 2x2x1");
    twice.evidence.paces[2].ahead = 1;
    EXPECT_TRUE(says(against(Cause::epoch_tail_extra_step, twice), "in window 3 of 2x2x1 it predicts 0 updates"));
    twice.evidence.paces[2].ahead = 0;
    twice.evidence.paces.pop_back();
    EXPECT_EQ(against(Cause::epoch_tail_extra_step, twice), "no window of 2x2x1 comes after one that it ends twice");
    twice.evidence.paces.back().ahead = -1;
    EXPECT_EQ(against_paces(Cause::step_lost_grads_wiped, twice), "");
}

}  // namespace
}  // namespace isobatch
