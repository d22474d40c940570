#include "measure/pace.h"

#include <cmath>
#include <vector>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

/// Runs of a machine that adds up to `noise` of itself to a step, mostly little: the fastest are close together.
std::vector<Lap> runs(std::size_t count, double ms, double noise, std::uint64_t seed) {
    Random random(Seed{seed});
    std::vector<Lap> laps;
    const auto disturbed = [&](double least) { return least * (1 + noise * std::pow(random.uniform(), 3)); };
    for (std::size_t i = 0; i < count; ++i) laps.push_back({disturbed(ms), disturbed(4)});
    return laps;
}

Throughput answer(const std::vector<Lap>& then, const std::vector<Lap>& now) {
    return compare_laps(then, now, Seed{1}).answer;
}

std::vector<Lap> both(std::vector<Lap> first, const std::vector<Lap>& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

TEST(Slowdown, IsTheRatioOfTheFastestBesideThePace) {
    const Slowdown found = slowdown(std::vector<Lap>{{2, 4}, {3, 5}}, std::vector<Lap>{{9, 2}, {6, 8}}, Seed{1});
    EXPECT_EQ(found.ratio, (6.0 / 2) / (2.0 / 4));
    EXPECT_LE(found.low, found.ratio);
    EXPECT_GE(found.high, found.ratio);
}

TEST(Slowdown, AFastestThatIsAloneIsUncertain) {
    std::vector<Lap> alone(8, {8, 4}), together(8, {8, 4});
    alone[3].ms = 5;
    for (std::size_t i = 0; i < 4; ++i) together[i].ms = 5;
    const std::vector<Lap> then(8, {5, 4});
    EXPECT_NEAR(slowdown(then, alone, Seed{1}).high, 8.0 / 5, 1e-12);
    EXPECT_EQ(slowdown(then, together, Seed{1}).ratio, 1);
    const double chance_of_none = std::pow(0.5, 8);  // above 2 in 1,000: so the interval reaches 8 as well
    EXPECT_GT(chance_of_none, 0.002);
    EXPECT_NEAR(slowdown(then, together, Seed{1}).high, 8.0 / 5, 1e-12);
    std::vector<Lap> often(16, {5, 4});
    often[0].ms = 8;
    EXPECT_EQ(slowdown(then, often, Seed{1}).high, 1);
}

TEST(Slowdown, TheSameSeedGivesTheSameInterval) {
    const auto then = runs(8, 5, 0.5, 1), now = runs(8, 5, 0.5, 2);
    const Slowdown a = slowdown(then, now, Seed{7}), b = slowdown(then, now, Seed{7});
    EXPECT_EQ(a.low, b.low);
    EXPECT_EQ(a.high, b.high);
}

TEST(CompareLaps, ATimeAsBeforeIsHeld) {
    EXPECT_EQ(answer(runs(8, 5, 0.01, 1), runs(8, 5, 0.01, 2)), Throughput::held);
    EXPECT_EQ(answer(runs(8, 5, 0.01, 1), runs(8, 4, 0.01, 2)), Throughput::held) << "faster is no regression";
}

TEST(CompareLaps, FivePercentAreFound) {
    EXPECT_EQ(answer(runs(8, 5, 0.01, 1), runs(8, 5.25, 0.01, 2)), Throughput::slower);
}

TEST(CompareLaps, LessThanWhatIsToleratedIsNeverSlower) {
    EXPECT_NE(answer(runs(8, 5, 0, 1), runs(8, 5 * 1.024, 0, 2)), Throughput::slower);
    EXPECT_EQ(answer(runs(8, 5, 0, 1), runs(8, 5 * 1.025, 0, 2)), Throughput::slower);
}

TEST(CompareLaps, WhatChanceExplainsIsUndecided) {
    EXPECT_EQ(answer(runs(8, 5, 2, 1), runs(8, 5.25, 2, 5)), Throughput::undecided);
}

TEST(CompareLaps, OneHalfConvictsNobody) {
    const auto then = runs(16, 5, 0.01, 1), right = runs(8, 5, 0.01, 2), slow = runs(8, 6, 0.01, 3);
    EXPECT_EQ(answer(then, both(slow, slow)), Throughput::slower);
    EXPECT_NE(answer(then, both(slow, right)), Throughput::slower);
    EXPECT_NE(answer(then, both(right, slow)), Throughput::slower);
}

TEST(CompareLaps, EachHalfIsHeldAgainstEitherHalfOfTheEarlier) {
    const auto fast = runs(8, 5, 0.01, 1), slow = runs(8, 6, 0.01, 2);
    EXPECT_NE(answer(both(fast, slow), both(slow, slow)), Throughput::slower);
    EXPECT_NE(answer(both(slow, fast), both(slow, slow)), Throughput::slower);
    const auto slower = runs(8, 7, 0.01, 3);
    EXPECT_NE(answer(both(fast, slow), both(slow, slower)), Throughput::slower) << "half by half it would be";
    EXPECT_EQ(answer(both(fast, fast), both(slow, slower)), Throughput::slower);
}

TEST(CompareLaps, TooFewRunsAreUndecidedAndCounted) {
    const auto many = runs(8, 5, 0.01, 1), few = runs(3, 9, 0.01, 2);
    const Comparison missing_now = compare_laps(many, few, Seed{1}), missing_then = compare_laps(few, many, Seed{1});
    EXPECT_EQ(missing_now.answer, Throughput::undecided);
    EXPECT_EQ(missing_now.now_missing, 5u);
    EXPECT_EQ(missing_now.then_missing, 0u);
    EXPECT_GT(missing_now.slowdown->ratio, 1.7);
    EXPECT_EQ(missing_then.then_missing, 5u);
    EXPECT_EQ(missing_then.answer, Throughput::undecided);
    EXPECT_FALSE(compare_laps({}, many, Seed{1}).slowdown);
    EXPECT_FALSE(compare_laps(many, {}, Seed{1}).slowdown);
}

TEST(CompareLaps, WhatTheMachineDoesToBothCancels) {
    auto slower_machine = runs(8, 5, 0.01, 2);
    for (Lap& lap : slower_machine) lap.ms *= 2, lap.pace_ms *= 2;
    EXPECT_EQ(answer(runs(8, 5, 0.01, 1), slower_machine), Throughput::held);
}

TEST(Throughput, HasAName) {
    EXPECT_EQ(to_string(Throughput::held) + to_string(Throughput::undecided) + to_string(Throughput::slower),
              "heldundecidedslower");
}

}  // namespace
}  // namespace isobatch
