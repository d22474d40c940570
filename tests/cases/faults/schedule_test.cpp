#include "cases/faults/faults.h"

#include <limits>

#include <ATen/ops/full_like.h>
#include <gtest/gtest.h>

#include "../../run/small_trial.h"
#include "diagnose/diagnose.h"
#include "run/matrix.h"
#include "run/replica.h"

namespace isobatch {
namespace {

isobatch::Setup planted(const std::string& id, const Split& split) {
    Trial trial = small_trial(split);
    trial.samples = 7;
    isobatch::Setup setup = make_setup(trial);
    EXPECT_TRUE(id.empty() || plant_schedule(id, setup));
    return setup;
}

TEST(ScheduleFaults, TheScheduleAdvancesOncePerMicroOrPerRank) {
    const isobatch::Setup right = planted("", {1, 2, 2});
    const Window full = right.window(right.batches()[0]), tail = right.window(right.batches()[1]);
    EXPECT_EQ(right.decisions.schedule_steps(full), 1);
    const isobatch::Setup micro = planted("schedule-per-micro", {1, 2, 2});
    EXPECT_EQ(micro.decisions.schedule_steps(full), 2);
    EXPECT_EQ(micro.decisions.schedule_steps(tail), 2);
    EXPECT_EQ(planted("schedule-per-rank", {1, 2, 2}).decisions.schedule_steps(full), 2);
}

TEST(ScheduleFaults, TheAverageMovesOncePerMicro) {
    const isobatch::Setup right = planted("", {1, 2, 2}), micro = planted("ema-per-micro", {1, 2, 2});
    const Window full = right.window(right.batches()[0]);
    EXPECT_EQ(right.decisions.averages(full), 1);
    EXPECT_EQ(micro.decisions.averages(full), 2);
}

TEST(ScheduleFaults, TheOptimizersCountIsOfMicrosOrOfNothing) {
    const isobatch::Setup right = planted("", {1, 2, 2});
    const Window full = right.window(right.batches()[0]);
    EXPECT_EQ(right.decisions.counts(full), 1);
    EXPECT_EQ(planted("adam-count-per-micro", {1, 2, 2}).decisions.counts(full), 2);
    EXPECT_EQ(planted("step-not-incremented", {1, 2, 2}).decisions.counts(full), 0);
}

Record restarted(const std::string& fault, const std::string& optimizer) {
    Trial trial = small_trial({1, 2, 2});
    trial.optimizer = optimizer;
    trial.fault = fault;
    trial.restart = 1;
    return Matrix(plant, {}).run(trial);
}

/// Nothing of it is seen where nothing is lost: the next window follows the reference.
TEST(ScheduleFaults, ALostStateIsSeenWhereTheRunGoesOnAndNamed) {
    const Record lost = restarted("adam-state-lost", "adamw");
    for (const CheckResult& result : lost.verdict.checks)
        EXPECT_EQ(result.outcome == Outcome::divergent, result.check == Check::opt)
            << to_string(result.check) << ": " << result.message;
    EXPECT_EQ(result_of(lost.verdict, Check::opt).first->step, 1);
    EXPECT_EQ(diagnose(std::span(&lost, 1)).at(0).causes, std::vector{Cause::adam_state_lost});
    EXPECT_LE(restarted("", "adamw").verdict.outcome, Outcome::equivalent);
    EXPECT_LE(restarted("adam-state-lost", "momentum").verdict.outcome, Outcome::equivalent);
}

TEST(ScheduleFaults, NothingDecaysWhereItAccumulates) {
    const isobatch::Setup right = planted("", {1, 2, 2}), lost = planted("decay-lost-when-accumulating", {1, 2, 2}),
                          alone = planted("decay-lost-when-accumulating", {2, 1, 2});
    EXPECT_TRUE(right.decisions.decays(right.window(right.batches()[0])));
    EXPECT_FALSE(lost.decisions.decays(lost.window(lost.batches()[0])));
    EXPECT_TRUE(alone.decisions.decays(alone.window(alone.batches()[0])));
}

TEST(ScheduleFaults, AGradientThatIsNotFiniteIsSteppedWith) {
    Trial trial = small_trial({1, 2, 2}, Recipe::fp16_autocast);
    isobatch::Setup setup = make_setup(trial);
    Replica replica = make_replica(*setup.subject, trial, 0, 6);
    for (at::Tensor& parameter : replica.parameters)
        parameter.mutable_grad() = at::full_like(parameter, std::numeric_limits<double>::infinity()).detach();
    const Window window = setup.window(setup.batches()[0]);
    EXPECT_TRUE(setup.decisions.skips(window, replica));
    EXPECT_TRUE(plant_schedule("inf-not-skipped", setup));
    EXPECT_FALSE(setup.decisions.skips(window, replica));
}

TEST(ScheduleFaults, TheHorizonCountsMicros) {
    EXPECT_EQ(planted("", {1, 4, 1}).horizon(), planted("", {1, 4, 1}).trained_windows());
    EXPECT_EQ(planted("schedule-horizon", {1, 4, 1}).horizon(), 4 * planted("", {1, 4, 1}).trained_windows());
}

TEST(ScheduleFaults, WithoutAccumulationEveryTurnIsAStep) {
    const isobatch::Setup off = planted("accumulation-off", {1, 2, 2});
    std::vector<std::int64_t> begins, samples;
    for (const Batch& batch : off.batches()) {
        if (batch.epoch > 1) break;
        begins.push_back(batch.begin);
        samples.push_back(batch.samples);
    }
    EXPECT_EQ(begins, (std::vector<std::int64_t>{0, 2, 4, 6}));
    EXPECT_EQ(samples, (std::vector<std::int64_t>{2, 2, 2, 1}));
    EXPECT_EQ(off.window(off.batches()[0]).most_micros(), 1);
}

TEST(ScheduleFaults, OnlyATailIsSteppedTwiceOrNever) {
    const isobatch::Setup right = planted("", {1, 2, 2});
    const Window full = right.window(right.batches()[0]), tail = right.window(right.batches()[1]);
    const isobatch::Setup extra = planted("epoch-tail-extra-step", {1, 2, 2}),
                          lost = planted("step-lost-grads-wiped", {1, 2, 2});
    EXPECT_EQ(extra.decisions.steps(full), 1);
    EXPECT_EQ(extra.decisions.steps(tail), 2);
    EXPECT_EQ(lost.decisions.steps(full), 1);
    EXPECT_EQ(lost.decisions.steps(tail), 0);
}

TEST(ScheduleFaults, AnotherFamilysIdIsLeftAlone) {
    isobatch::Setup setup = make_setup(small_trial({1, 2, 2}));
    EXPECT_FALSE(plant_schedule("clip-disabled", setup));
}

}  // namespace
}  // namespace isobatch
