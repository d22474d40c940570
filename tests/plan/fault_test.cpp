#include "plan/fault.h"

#include <algorithm>
#include <set>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Fault, UnknownIdNamesTheNearest) {
    const Error error = error_of([] { find_fault("token-mean-of-mean\x1b"); });
    EXPECT_EQ(error.where(), "--fault");
    EXPECT_TRUE(says(error.problem(), "token-mean-of-mean\\x1b"));
    EXPECT_TRUE(says(error.next(), "did you mean token-mean-of-means?"));
    for (const FaultEntry& entry : fault_catalogue()) EXPECT_TRUE(says(error.next(), entry.id));
    EXPECT_THROW(find_fault(""), Error);
}

TEST(Fault, ATrialIsSuitedByWhatAFaultNeedsAndNothingElse) {
    Trial trial;
    trial.subject = "mlp";
    EXPECT_EQ(suited(trial, find_fault("n-minus-one")), trial);
    Trial wanted = trial;
    wanted.optimizer = "adamw";
    EXPECT_EQ(suited(trial, find_fault("step-not-incremented")), wanted);
    wanted = trial;
    wanted.recipe = Recipe::fp16_autocast;
    EXPECT_EQ(suited(trial, find_fault("inf-not-skipped")), wanted);
    wanted = trial;
    wanted.subject = "tasks";
    EXPECT_EQ(suited(trial, find_fault("regulariser-per-micro")), wanted);
    EXPECT_TRUE(is_of_its_case(wanted, find_fault("regulariser-per-micro")));
    EXPECT_FALSE(is_of_its_case(trial, find_fault("regulariser-per-micro")));
    EXPECT_TRUE(is_of_its_case(trial, find_fault("n-minus-one")));
}

TEST(Fault, ARunIsRestartedInsideAnEpochThatItHas) {
    const FaultEntry& later = find_fault("resume-wrong-permutation");
    Trial trial;  // three windows an epoch
    EXPECT_EQ(suited(trial, later).restart, 4);
    EXPECT_EQ(suited(trial, find_fault("resume-skips-updates")).restart, 1);
    trial.samples = trial.split.effective() + 1;
    EXPECT_EQ(suited(trial, later).restart, 3);
    trial.samples = trial.split.effective();
    EXPECT_EQ(suited(trial, later).restart, 0) << "no epoch goes on after its first update";
    trial.samples = 43;
    trial.epochs = 1;
    EXPECT_EQ(suited(trial, later).restart, 0) << "there is no second epoch";
}

TEST(Fault, WhatADevicesKernelsGetWrongIsPlantedThereAlone) {
    std::set<std::string> gpus;
    for (const FaultEntry& entry : fault_catalogue()) {
        EXPECT_EQ(why_not_planted(entry, "cuda"), "") << entry.id;
        EXPECT_EQ(why_not_planted(entry, "cuda:1"), "") << entry.id;
        if (why_not_planted(entry, "cpu").empty()) continue;
        EXPECT_TRUE(says(why_not_planted(entry, "cpu"), entry.id + " is what kernels of another device get wrong"));
        gpus.insert(entry.id);
    }
    EXPECT_EQ(gpus, (std::set<std::string>{"tf32-on", "nondeterministic-scatter"}));
    EXPECT_EQ(faults_on("cuda").size(), fault_catalogue().size());
    EXPECT_EQ(faults_on("cpu").size(), fault_catalogue().size() - gpus.size());
    for (const FaultEntry& entry : faults_on("cpu")) EXPECT_FALSE(gpus.contains(entry.id));
    const Trial trial = suited({}, find_fault("nondeterministic-scatter"));
    EXPECT_EQ(trial.identities, "all");
    EXPECT_EQ(trial.device, "cpu") << "which nobody can give it";
}

TEST(FaultTiming, IsPartOfTheTextAndOfThePower) {
    const PlantedFault always = parse_fault("double-division"), first = parse_fault("double-division@first-window");
    EXPECT_EQ(always.entry, first.entry);
    EXPECT_EQ(always.occasion, Occasion());
    EXPECT_EQ(first.occasion, Occasion(Timing::first_window));
    const WindowLayout alone{.micros = {{0, 0, 4, 5}}, .moment = {1}},
        several{.micros = {{0, 0, 4, 5}, {0, 1, 4, 5}}, .moment = {2}};
    EXPECT_TRUE(has_power(always, {alone, several}));
    EXPECT_FALSE(has_power(first, {alone, several}));
    EXPECT_TRUE(has_power({always.entry, Timing::later_windows}, {alone, several}));
}

TEST(FaultTiming, AWrongTextIsRefused) {
    EXPECT_TRUE(says(error_of([] { parse_fault("double-divisions@always"); }).problem(), "double-divisions"));
    EXPECT_TRUE(says(error_of([] { parse_fault("double-division@never"); }).problem(), "never"));
    EXPECT_TRUE(says(error_of([] { parse_fault("double-division@"); }).problem(), "unknown timing"));
    EXPECT_TRUE(says(error_of([] { parse_fault("epoch-not-set@epoch-ends"); }).problem(), "epoch-not-set"));
    EXPECT_EQ(parse_fault("epoch-not-set@always").occasion, Occasion());
    const Error whole = error_of([] { parse_fault("zero-grad-in-window@second-device"); });
    EXPECT_TRUE(says(whole.problem(), "micro-batch by micro-batch"));
    EXPECT_TRUE(says(whole.problem(), "on the second device"));
}

TEST(FaultReach, IsPartOfTheTextAndOfThePower) {
    const PlantedFault last = parse_fault("double-division@last-micros"),
                       second = parse_fault("double-division@later-windows@second-device");
    EXPECT_EQ(last.occasion, Occasion(Timing::always, Reach::last_micros));
    EXPECT_EQ(second.occasion, Occasion(Timing::later_windows, Reach::second_device));
    const WindowLayout blank{.micros = {{0, 0, 4, 5}, {0, 1, 4, 0}}, .moment = {2}},
        scored{.micros = {{0, 0, 4, 0}, {0, 1, 4, 5}}, .moment = {2}};
    EXPECT_FALSE(has_power(last, {blank})) << "no unit in the last micro";
    EXPECT_TRUE(has_power(last, {blank, scored}));
    EXPECT_FALSE(has_power(second, {blank, scored})) << "one device";
    WindowLayout two{.micros = {{0, 0, 4, 5}, {1, 0, 4, 5}}, .mesh = {.places = 2}, .moment = {2}};
    EXPECT_FALSE(has_power(second, {two})) << "it accumulates nothing";
    two.micros.push_back({1, 1, 4, 0});
    EXPECT_TRUE(has_power(second, {two}));
    two.moment.window = 1;
    EXPECT_FALSE(has_power(second, {two}));
}

TEST(FaultReach, ALossIsRightWhereSomeParametersAreWrong) {
    const FaultEntry& counted = find_fault("n-minus-one");
    EXPECT_EQ(red_checks(counted, {}), counted.red);
    EXPECT_EQ(red_checks(counted, {Timing::always, Reach::second_device}), counted.red);
    EXPECT_EQ(red_checks(counted, {Timing::epoch_ends, Reach::some_parameters}), std::vector{Check::grad});
}

/// What reaches some micros only has power where it touches one of them, and always where it reaches all.
TEST(FaultReach, PowerIsThatOfTheMicrosThatItTouches) {
    const WindowLayout window{.micros = {{0, 0, 2, 6, 8}, {0, 1, 2, 1, 8}, {1, 0, 3, 2, 9}},
                              .ragged = true,
                              .mesh = {.places = 2, .copies = 1},
                              .accum = 2};
    for (const FaultEntry& entry : fault_catalogue()) {
        if (!entry.touches) continue;
        bool touched = false;
        for (const MicroCount& micro : window.micros) touched |= entry.touches(window, micro);
        EXPECT_EQ(entry.power({window}), touched) << entry.id;
        EXPECT_TRUE(entry.timed) << entry.id;
    }
}

}  // namespace
}  // namespace isobatch
