#include "judge/outside_contract.h"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/base/expect.h"
#include "tests/judge/outside_trace.h"

namespace isobatch {
namespace {

const Pull nothing_seen{.unknown = "no gradient"};

/// The reference of outside_trace.h as the trace of its own split.
Trace reference_of(const Yardstick& yardstick) {
    std::vector<std::vector<Ids>> steps;
    for (const WindowScale& window : yardstick.windows) steps.push_back({window.samples});
    Trace trace = outside_trace(steps, yardstick.ended);
    trace.manifest.split = {4, 1, 1};
    return trace;
}

/// The clauses of weighting, tail and schedule.
std::vector<Clause> clauses_of(Yardstick& yardstick, const Said& said = {}, const Pull& pull = nothing_seen,
                               const std::optional<Trace>& columns = {}) {
    const Trace reference = reference_of(yardstick);
    hold_to_contract(yardstick, reference, columns.value_or(reference), pull, said);
    EXPECT_EQ(yardstick.clauses.size(), 3u);
    return yardstick.clauses;
}

Clause weighting_of(const Pull& pull, const Said& said = {}) {
    Yardstick yardstick = outside_reference();
    return clauses_of(yardstick, said, pull)[0];
}

TEST(OutsideContract, WhatNothingShowsIsAssumedAndNothingMore) {
    Yardstick yardstick = outside_reference();
    yardstick.windows.resize(1);
    const std::vector<Clause> clauses = clauses_of(yardstick);
    EXPECT_EQ(to_string(clauses[0]), "assumed: token-mean (no gradient)");
    EXPECT_TRUE(
        says(to_string(clauses[1]), "of the tail nothing is claimed or assumed: every recorded window is full"));
    EXPECT_TRUE(says(to_string(clauses[2]), "assumed: constant-rate"));
    EXPECT_EQ(yardstick.contract, (Contract{Weighting::token_mean, false, false}));
}

TEST(OutsideContract, TheWeightingIsReadOffTheWeightsOfSummedLosses) {
    const Pull tokens{{0.1, 0.1 * (1 + 1e-7), 0.1}, {2, 3, 7}, 1e-5, ""};
    EXPECT_TRUE(says(to_string(weighting_of(tokens)), "inferred: token-mean (in the reference's first window"));
    const Pull samples{{1 / 2.0, 1 / 3.0, 1 / 7.0}, {2, 3, 7}, 1e-5, ""};
    EXPECT_TRUE(says(to_string(weighting_of(samples)), "inferred: sample-mean"));
    EXPECT_EQ(weighting_of(tokens, {.weighting = Weighting::token_mean}).stance, Stance::kept);
    EXPECT_EQ(weighting_of(samples, {.weighting = Weighting::sample_mean}).stance, Stance::kept);
    EXPECT_TRUE(says(to_string(weighting_of(samples, {.weighting = Weighting::token_mean})),
                     "claimed and not kept: token-mean"));
    EXPECT_TRUE(says(to_string(weighting_of(tokens, {.weighting = Weighting::sample_mean})),
                     "claimed and not kept: sample-mean"));
    Yardstick yardstick = outside_reference();
    clauses_of(yardstick, {}, samples);
    EXPECT_EQ(yardstick.contract->weighting, Weighting::sample_mean);
}

TEST(OutsideContract, NoWeightingIsSaidToBeBrokenThatMayBeSomethingElse) {
    const Said said{.weighting = Weighting::token_mean};
    // A term beside the loss, units that cannot tell, too wide a tolerance, weights of both signs.
    for (const Pull& pull : {Pull{{0.1, 0.15, 0.12}, {2, 3, 7}, 1e-5, ""}, Pull{{0.2, 0.2}, {3, 3}, 1e-5, ""},
                             Pull{{0.2, 0.1}, {3, 3}, 1e-5, ""}, Pull{{1 / 2.0, 1 / 3.0}, {2, 3}, 0.3, ""},
                             Pull{{-0.5, -1 / 3.0}, {2, 3}, 1e-5, ""}}) {
        EXPECT_EQ(weighting_of(pull, said).stance, Stance::unseen);
        EXPECT_TRUE(says(to_string(weighting_of(pull)), "assumed: token-mean"));
    }
}

TEST(OutsideContract, AWindowThatIsNotFullKeepsTheTail) {
    Yardstick yardstick = outside_reference();
    EXPECT_EQ(to_string(clauses_of(yardstick)[1]), "inferred: keeps-tail (window 3 of 2 samples was trained on)");
    EXPECT_TRUE(yardstick.contract->keeps_tail);
    EXPECT_EQ(clauses_of(yardstick, {.keeps_tail = true})[1].stance, Stance::kept);
    EXPECT_EQ(clauses_of(yardstick, {.keeps_tail = false})[1].stance, Stance::broken);
    EXPECT_FALSE(yardstick.contract->keeps_tail);  // held to what it says
}

TEST(OutsideContract, ATailThatOnlySingleSamplesShowIsDropped) {
    const Trace columns = reference_of(outside_reference());  // sees a to j, and begins again
    Yardstick yardstick = outside_reference();
    yardstick.windows.erase(yardstick.windows.begin() + 2);
    EXPECT_EQ(
        to_string(clauses_of(yardstick, {}, nothing_seen, columns)[1]),
        "inferred: drops-tail (of the 10 samples that an epoch has where they come one by one, 2 are in none of its "
        "windows)");
    EXPECT_EQ(clauses_of(yardstick, {.keeps_tail = true}, nothing_seen, columns)[1].stance, Stance::broken);
    EXPECT_EQ(clauses_of(yardstick, {.keeps_tail = false}, nothing_seen, columns)[1].stance, Stance::kept);
    // Who stops before the epoch does shows nothing of its end.
    yardstick.windows.pop_back();
    EXPECT_EQ(clauses_of(yardstick, {.keeps_tail = true}, nothing_seen, columns)[1].stance, Stance::unseen);
    // A window that is filled up with the next epoch's first samples loses none.
    yardstick = outside_reference();
    yardstick.windows[2].samples = {"i", "j", "c", "a"};
    EXPECT_EQ(clauses_of(yardstick, {.keeps_tail = true}, nothing_seen, columns)[1].stance, Stance::unseen);
    yardstick.windows.erase(yardstick.windows.begin() + 2);
    // And of other data nothing can be said.
    Trace other = columns;
    other.ranks[0][0].micros[0].samples[0] = "z";
    EXPECT_EQ(clauses_of(yardstick, {.keeps_tail = true}, nothing_seen, other)[1].stance, Stance::unseen);
}

TEST(OutsideContract, TwoWindowsShowWhetherTheRateChanges) {
    Yardstick yardstick = outside_reference();
    yardstick.windows.resize(2);
    EXPECT_EQ(clauses_of(yardstick)[2].stance, Stance::kept);
    yardstick.windows.resize(1);
    EXPECT_EQ(clauses_of(yardstick)[2].stance, Stance::unseen);
}

TEST(OutsideContract, ARunThatEndsWithAnUpdateDropsNothing) {
    Yardstick yardstick = outside_reference(true);
    EXPECT_TRUE(says(to_string(clauses_of(yardstick)[1]), "window 3 of 2 samples was trained on"));
}

TEST(OutsideContract, ARunWithoutAnUpdateDropsAllOfIt) {
    Yardstick yardstick = outside_reference(true);
    Trace reference = outside_trace({}, true);
    reference.manifest.split = {4, 1, 1};
    reference.ranks[0].back() = outside_step(0, {{"a", "b"}});
    hold_to_contract(yardstick, reference, reference, nothing_seen, {.keeps_tail = true});
    EXPECT_TRUE(says(to_string(yardstick.clauses[1]), "the run ends with 2 samples that no update followed"));
}

TEST(OutsideContract, WhatNoUpdateFollowedIsADroppedTail) {
    Yardstick yardstick = outside_reference(true);
    Trace reference = reference_of(yardstick);
    reference.ranks[0].back() = outside_step(0, {{"k", "l"}, {"m"}});
    hold_to_contract(yardstick, reference, reference, nothing_seen, {.keeps_tail = true});
    EXPECT_EQ(to_string(yardstick.clauses[1]),
              "claimed and not kept: keeps-tail (the run ends with 3 samples that no update followed)");
}

TEST(OutsideContract, ARateThatChangesBreaksAConstantOne) {
    Yardstick yardstick = outside_reference();
    EXPECT_EQ(to_string(clauses_of(yardstick)[2]),
              "inferred: constant-rate (the learning rate stays the same in the 4 recorded window(s))");
    EXPECT_EQ(clauses_of(yardstick, {.schedule_varies = true})[2].stance, Stance::unseen);
    EXPECT_TRUE(yardstick.contract->schedule_varies);
    yardstick.windows[2].lr = {0.05};
    EXPECT_EQ(clauses_of(yardstick)[2].word, "schedule-in-updates");
    EXPECT_EQ(clauses_of(yardstick)[2].stance, Stance::kept);
    EXPECT_EQ(clauses_of(yardstick, {.schedule_varies = true})[2].stance, Stance::kept);
    EXPECT_EQ(clauses_of(yardstick, {.schedule_varies = false})[2].stance, Stance::broken);
}

TEST(OutsideContract, WhatElseTheManifestDeclaresStays) {
    Yardstick yardstick = outside_reference();
    Trace reference = reference_of(yardstick);
    reference.manifest.contract = Contract{.couples_samples = true};
    hold_to_contract(yardstick, reference, reference, nothing_seen, said_of(reference.manifest.contract));
    EXPECT_EQ(yardstick.contract, reference.manifest.contract);
}

}  // namespace
}  // namespace isobatch
