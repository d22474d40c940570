#include "reports/gate/times.h"

#include "tests/base/expect.h"
#include "tests/reports/gate/small_gate.h"

namespace isobatch {
namespace {

Gate timed(const std::vector<Result>& then, const std::vector<Result>& now) {
    return gate(baseline_of(then), baseline_of(now), {});
}

TEST(JudgeTimes, ASplitThatIsSlowerIsWorse) {
    const Gate answer = timed(small_rounds(), small_rounds(24, 1.05));
    ASSERT_EQ(answer.regressed.size(), 1u);
    EXPECT_EQ(answer.regressed[0].aspect, Aspect::throughput);
    EXPECT_TRUE(answer.regressed[0].trial.starts_with("gpt --splits 1x2x2 "));
    EXPECT_EQ(answer.regressed[0].before, "8 ms a step (processor time, 24 runs)");
    EXPECT_TRUE(says(answer.regressed[0].after, "8.4 ms a step (processor time, 24 runs), 1.050 times as long (1.0"));
    EXPECT_TRUE(says(answer.regressed[0].after, "beside the other splits"));
    EXPECT_EQ(answer.exit_code(), 1);
    EXPECT_EQ(timed(small_rounds(24, 1.05), small_rounds()).exit_code(), 0) << "faster";
}

TEST(JudgeTimes, WhatSlowsEverySplitIsUndecidedSinceItMayBeTheMachine) {
    std::vector<Result> rounds = small_rounds();
    for (Result& round : rounds)
        for (Record& record : round.records) record.cost.processor_ms_min *= 1.5;
    const Gate answer = timed(small_rounds(), rounds);
    ASSERT_EQ(answer.undecided.size(), 1u);
    EXPECT_EQ(answer.undecided[0].trial, "");
    EXPECT_TRUE(says(answer.undecided[0].after, "1.500 times as long (1.500 to 1.500) all alike"));
    EXPECT_EQ(answer.exit_code(), 4);
    EXPECT_EQ(timed(rounds, small_rounds()).exit_code(), 0);
}

TEST(JudgeTimes, TooFewRunsAreUndecidedAndCounted) {
    const Gate now = timed(small_rounds(), small_rounds(1, 2)), then = timed(small_rounds(3), small_rounds(27));
    EXPECT_EQ(now.exit_code(), 4);
    EXPECT_EQ(now.undecided.size(), 3u);
    EXPECT_EQ(now.now_missing, 23u);
    EXPECT_EQ(now.then_missing, 0u);
    EXPECT_EQ(then.then_missing, 21u);
    EXPECT_EQ(then.now_missing, 0u);
    EXPECT_FALSE(then.foreign);
}

TEST(JudgeTimes, WithoutTimesOnEitherSideNothingIsSaid) {
    std::vector<Result> rounds = small_rounds(1);
    for (Record& record : rounds[0].records) record.cost.step_ms_min = record.cost.processor_ms_min = 0;
    EXPECT_EQ(timed(rounds, rounds).exit_code(), 0);
    EXPECT_EQ(timed(rounds, rounds).notes.at(0), "throughput is not judged: neither run recorded times");
    EXPECT_EQ(timed(small_rounds(), rounds).exit_code(), 4) << "they were measured once";
    EXPECT_EQ(timed(rounds, small_rounds()).exit_code(), 4);
}

TEST(JudgeTimes, AnotherClockIsNotCompared) {
    std::vector<Result> rounds = small_rounds();
    for (Result& round : rounds)
        for (Record& record : round.records) record.cost.processor_ms_min = 0;
    const Gate answer = timed(small_rounds(), rounds);
    ASSERT_EQ(answer.undecided.size(), 1u);
    EXPECT_EQ(answer.undecided[0].after, "x86-64, Model 9, wall time");
    EXPECT_TRUE(answer.foreign);
}

TEST(JudgeTimes, SplitsThatWereThereOnBothSidesAreComparedBesideEachOther) {
    Baseline then = small_baseline();
    then.trials.erase(then.trials.begin());
    EXPECT_TRUE(gate(then, small_baseline(), {}).undecided.empty());
    const Gate slower = gate(then, baseline_of(small_rounds(24, 1.05)), {});
    ASSERT_EQ(slower.regressed.size(), 1u);
    EXPECT_TRUE(slower.regressed[0].trial.starts_with("gpt --splits 1x2x2 "));
}

TEST(JudgeTimes, ASplitAloneIsNeverSlowerThanTheMachine) {
    Baseline then = small_baseline(), now = baseline_of(small_rounds(24, 1.05));
    for (Baseline* one : {&then, &now}) one->trials.erase(one->trials.begin(), one->trials.begin() + 2);
    const Gate answer = gate(then, now, {});
    ASSERT_EQ(answer.undecided.size(), 1u);
    EXPECT_TRUE(says(answer.undecided[0].after, "by itself"));
    EXPECT_EQ(answer.exit_code(), 4);
    EXPECT_EQ(gate(then, then, {}).exit_code(), 0);
}

TEST(JudgeTimes, MatricesAreComparedByThemselves) {
    Baseline then = small_baseline(), now = then;
    for (std::size_t i = 1; i < 3; ++i) then.trials[i].trial.recipe = now.trials[i].trial.recipe = Recipe::fp32;
    for (double& ms : now.trials[0].ms) ms *= 2;
    const Gate answer = gate(then, now, {});
    ASSERT_EQ(answer.undecided.size(), 1u) << "it is alone in its matrix";
    EXPECT_TRUE(answer.undecided[0].trial.starts_with("gpt --splits 4x1x1 "));
    EXPECT_TRUE(answer.regressed.empty());
}

TEST(JudgeTimes, SplitsThatWereNeverTimedInOneRunAreUndecided) {
    Baseline now = small_baseline();
    for (std::size_t i = 0; i < 24; ++i) now.trials[i % 2].ms[i] = 0;
    const Gate answer = gate(small_baseline(), now, {});
    EXPECT_EQ(answer.undecided.size(), 3u);
    EXPECT_EQ(answer.now_missing, 24u);
    now = small_baseline();
    now.trials[0].ms[23] = 0;
    EXPECT_EQ(gate(small_baseline(), now, {}).now_missing, 1u);
}

TEST(JudgeTimes, ATrialThatWasNotTimedIsUndecided) {
    std::vector<Result> rounds = small_rounds();
    for (Result& round : rounds) round.records[2].cost.processor_ms_min = round.records[2].cost.step_ms_min = 0;
    const Gate answer = timed(small_rounds(), rounds);
    ASSERT_EQ(answer.undecided.size(), 1u);
    EXPECT_EQ(answer.undecided[0].after, "not timed");
}

}  // namespace
}  // namespace isobatch
