#include "judge/check_outside.h"

#include <gtest/gtest.h>

#include "tests/base/expect.h"
#include "tests/judge/outside_trace.h"

namespace isobatch {
namespace {

CheckResult data_of(const Trace& candidate, const Yardstick& reference = outside_reference()) {
    return check_outside_data(reference, candidate, align(reference, candidate));
}

TEST(CheckOutside, RightIsGreen) {
    for (const bool ended : {false, true}) {
        const Trace right = outside_trace(right_steps(), ended);
        for (const CheckResult& result : {data_of(right, outside_reference(ended)), check_outside_events(right, false),
                                          step_of(right, outside_reference(ended))}) {
            EXPECT_EQ(result.outcome, Outcome::identical) << result.message;
            EXPECT_FALSE(result.first);
        }
    }
}

TEST(CheckOutside, WhatOnlyOneOfTheTwoRecordsSawIsNoBreach) {
    auto steps = right_steps();
    steps.pop_back();
    EXPECT_EQ(data_of(outside_trace(steps)).outcome, Outcome::identical);
    steps = right_steps();
    steps.push_back({{"x", "y"}, {"z", "w"}});
    EXPECT_EQ(data_of(outside_trace(steps)).outcome, Outcome::identical);
    expect_red(data_of(outside_trace(steps), outside_reference(true)), 5, "step 5 holds 4 samples, which is no window");
}

TEST(CheckOutside, AScriptThatEndsEarlyMissesWindows) {
    auto steps = right_steps();
    steps.resize(2);
    Trace trace = outside_trace(steps, true);
    trace.ranks[0].back() = outside_step(0, {{"i", "j"}});  // the tail's backward, and no update
    expect_red(data_of(trace), 0, "no step holds the samples of the reference's window 3, 4");
    expect_red(step_of(trace), 0, "2 updates after the samples of the reference's first 3 window(s)");
}

TEST(CheckOutside, ATailThatIsSkippedIsMissing) {
    auto steps = right_steps();
    steps.erase(steps.begin() + 2);
    expect_red(data_of(outside_trace(steps)), 0, "no step holds the samples of the reference's window 3");
}

TEST(CheckOutside, ATailThatWasClearedIsMissingAndItsWindowIsNot) {
    auto steps = right_steps();
    steps[2].insert(steps[2].end(), steps[3].begin(), steps[3].end());
    steps.pop_back();
    Trace trace = outside_trace(steps);
    trace.ranks[0][2].events = {"backward 0", "zero", "backward 1", "backward 2", "step"};
    const CheckResult data = data_of(trace);
    expect_red(data, 0, "no step holds the samples of the reference's window 3");
    EXPECT_FALSE(says(data.message, "no window of"));
    expect_red(check_outside_events(trace, false), 3, "cleared after 1 backward(s) of an unfinished window");
    expect_red(step_of(trace), 0, "2 updates after the samples of the reference's first 3 window(s)");
}

TEST(CheckOutside, ATrainerThatSumsForItselfMayClear) {
    Trace trace = outside_trace(right_steps());
    trace.ranks[0][0].events = {"backward 0", "zero", "backward 1", "zero", "step"};
    CheckResult grad{.check = Check::grad, .outcome = Outcome::equivalent, .worst = Place{1, 0, "weight", 0}};
    EXPECT_TRUE(keeps_own_sums(trace, grad));
    EXPECT_EQ(check_outside_events(trace, true).outcome, Outcome::identical);
    expect_red(check_outside_events(trace, false), 1, "cleared after");
    grad.outcome = Outcome::divergent;
    EXPECT_FALSE(keeps_own_sums(trace, grad)) << "it lost what it cleared";
    grad = {.check = Check::grad};
    EXPECT_FALSE(keeps_own_sums(trace, grad)) << "nobody judged its gradient";
    grad.worst = Place{1, 0, "weight", 0};
    trace.ranks[0][0].events = {"backward 0", "backward 1", "step"};
    EXPECT_FALSE(keeps_own_sums(trace, grad)) << "nothing was cleared";
}

TEST(CheckOutside, ATailThatJoinsTheNextWindowIsNamed) {
    auto steps = right_steps();
    steps[2].insert(steps[2].end(), steps[3].begin(), steps[3].end());
    steps.pop_back();
    expect_red(data_of(outside_trace(steps)), 3,
               "step 3 holds 6 samples, which is no window of the reference: they are of its window 3, 4");
    EXPECT_TRUE(says(data_of(outside_trace(steps)).message, "in the reference's order"));
}

TEST(CheckOutside, AnUpdateForEachMicroIsDivergent) {
    const Trace trace = outside_trace({{{"a", "b"}}, {{"c", "d"}}, {{"e", "f"}}, {{"g", "h"}}});
    expect_red(data_of(trace), 1,
               "step 1 holds 2 samples, which is no window of the reference: they are of its window 1;");
    expect_red(step_of(trace), 0, "2 updates after the samples of the reference's first 1 window(s)");
}

TEST(CheckOutside, AnotherOrderCannotBeCompared) {
    const CheckResult data = data_of(outside_trace({{{"a", "f"}, {"c", "h"}}, {{"e", "b"}, {"g", "x"}}}));
    EXPECT_EQ(data.outcome, Outcome::inconclusive);
    EXPECT_TRUE(says(data.message, "not comparable"));
    EXPECT_EQ(step_of(outside_trace({{{"a", "f"}}, {{"c", "h"}}})).outcome, Outcome::identical);
}

TEST(CheckOutside, ASampleUsedTwiceIsNoOrderOfData) {
    expect_red(data_of(outside_trace({{{"a", "b"}, {"a", "b"}}})), 1, "step 1 uses a sample more than once");
}

TEST(CheckOutside, OtherUnitsInTheSameSamples) {
    Trace trace = outside_trace(right_steps());
    for (const double units : {1.0, 3.0}) {
        trace.ranks[0][1].micros[0].units = units;
        expect_red(data_of(trace), 2, fmt::format("step 2 counts {} scored units, the reference 4", units + 2));
    }
    Trace cleared = trace;
    cleared.ranks[0][1].events = {"backward 0", "zero", "backward 1", "step"};
    EXPECT_EQ(data_of(cleared).outcome, Outcome::identical) << "of what was cleared the units are not the step's";
    trace.ranks[0][1].micros[0].units = 2 + 2e-7;  // a sum of fp32 weights
    EXPECT_EQ(data_of(trace).outcome, Outcome::identical);
    // As many additions as there are targets, here padding too, and each may round all units of the window once.
    trace.ranks[0][1].micros[0].padded_units = 9;
    for (const auto& [rounded, outcome] : {std::pair(0.99, Outcome::identical), std::pair(1.01, Outcome::divergent)}) {
        trace.ranks[0][1].micros[0].units = 2 + rounded * 4 * (1 + 9 + 2) * 0x1p-24;
        EXPECT_EQ(data_of(trace).outcome, outcome);
    }
    trace.ranks[0][1].micros[0].units = std::nan("");
    EXPECT_EQ(data_of(trace).outcome, Outcome::divergent);
}

TEST(CheckOutside, WhatIsLeftInTheAccumulator) {
    Trace trace = outside_trace(right_steps());
    trace.ranks[0][1].left_over = 0.25;
    expect_red(check_outside_events(trace, false), 2, "still held up to 0.25");
    trace.ranks[0][1].left_over = std::nan("");
    EXPECT_EQ(check_outside_events(trace, false).outcome, Outcome::divergent);
    trace.ranks[0][1].left_over.reset();  // a writer that does not look
    EXPECT_EQ(check_outside_events(trace, false).outcome, Outcome::identical);
    trace.ranks.push_back(outside_trace(right_steps()).ranks[0]);
    trace.ranks[1][2].left_over = 0.5;
    EXPECT_EQ(check_outside_events(trace, false).first, (Place{3, 1, "", -1})) << "of any rank";
}

TEST(CheckOutside, AnAverageThatMovesMoreOften) {
    Trace trace = outside_trace(right_steps());
    EXPECT_EQ(step_of(trace).outcome, Outcome::identical);
    trace.ranks[0][1].counters.ema_updates = 2;
    expect_red(step_of(trace), 2, "2 updates of an average before the update of window 2, the reference has 0");
}

TEST(CheckOutside, AnUpdateOfWhatWasCleared) {
    Trace trace = outside_trace(right_steps());
    trace.ranks[0][1].events = {"zero", "step", "schedule", "zero", "backward 0", "backward 1", "step"};
    expect_red(check_outside_events(trace, false), 2, "an update came between the clearing of the gradients and the");
    EXPECT_EQ(check_outside_events(trace, true).outcome, Outcome::identical) << "its own sum, put in their place";
    for (const std::vector<std::string>& right : {std::vector<std::string>{"zero", "reduce", "step"},
                                                  {"schedule", "zero", "backward 0", "backward 1", "clip", "step"},
                                                  {"backward 0", "backward 1", "step", "zero"}}) {
        trace.ranks[0][1].events = right;
        EXPECT_EQ(check_outside_events(trace, false).outcome, Outcome::identical) << right[1];
    }
}

TEST(CheckOutside, ABackwardAfterTheExchange) {
    Trace trace = outside_trace(right_steps());
    trace.ranks[0][1].events = {"backward 0", "reduce", "backward 1", "step"};
    expect_red(check_outside_events(trace, false), 2, "1 backward(s) of the window came after its exchange");
    trace.ranks[0][1].events = {"backward 0", "reduce", "backward 1", "reduce", "step"};
    EXPECT_EQ(check_outside_events(trace, false).outcome, Outcome::identical);
}

TEST(CheckOutside, RatesAndSchedule) {
    Trace trace = outside_trace(right_steps());
    trace.ranks[0][2].lr = {0.2};
    expect_red(step_of(trace), 3, "learning rate 0.2 in window 3, the reference has 0.1");
    trace.ranks[0][2].lr = {0.1, 0.1};
    expect_red(step_of(trace), 3, "2 learning rates");
    trace.ranks[0][2].lr = {0.1};
    trace.ranks[0][2].clip_threshold = 0.5;
    expect_red(step_of(trace), 3, "clipped at 0.5 in window 3, the reference not clipped");
    trace = outside_trace(right_steps());
    trace.ranks[0][1].counters.scheduler_steps = 2;
    expect_red(step_of(trace), 2, "2 schedule steps");
    trace.manifest.split = {1, 2, 2};
    EXPECT_EQ(step_of(trace).outcome, Outcome::identical);  // once for each device
    trace.ranks[0][1].counters.optimizer_steps = 3;
    expect_red(step_of(trace), 2, "3 optimizer steps up to window 2");
}

TEST(CheckOutside, ParametersThatChangeWithoutAnUpdate) {
    Trace trace = outside_trace(right_steps());
    trace.ranks[0][1].watched = Watched{};
    EXPECT_EQ(check_outside_events(trace, false).outcome, Outcome::identical);
    trace.ranks[0][1].watched->moved = 1;
    expect_red(check_outside_events(trace, true), 2, "the parameters changed between backward 1 and 2 of the window");
}

TEST(CheckOutside, RanksThatStepWithOtherGradients) {
    Trace trace = outside_trace(right_steps());
    trace.ranks.push_back(trace.ranks[0]);
    CheckResult grad{.check = Check::grad, .outcome = Outcome::equivalent};
    require_one_gradient(trace, grad);
    EXPECT_EQ(grad.outcome, Outcome::equivalent);
    trace.ranks[1][2].gradient = "crc32:00000001";
    require_one_gradient(trace, grad);
    expect_red(grad, 3, "rank 1 steps with another gradient than rank 0");
    EXPECT_EQ(grad.first->rank, 1);
    trace.ranks[1][0].gradient = "crc32:00000002";
    CheckResult first{.check = Check::grad, .outcome = Outcome::equivalent};
    require_one_gradient(trace, first);
    EXPECT_EQ(first.first, (Place{1, 1, "", -1}));
    trace.ranks[1][0].gradient = trace.ranks[0][0].gradient;
    CheckResult shorter{.check = Check::grad, .outcome = Outcome::equivalent};
    trace.ranks[1].resize(2);  // the step that differs is gone
    require_one_gradient(trace, shorter);
    EXPECT_EQ(shorter.outcome, Outcome::equivalent);
}

}  // namespace
}  // namespace isobatch
