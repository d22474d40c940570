#include "measure/slowdown.h"

#include <cmath>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

/// Five trials of a machine that adds up to `noise` of itself to a step, mostly little; the first ones `slow` times as
/// long.
Times runs(std::size_t count, std::vector<double> slow, double noise, std::uint64_t seed) {
    Random random(Seed{seed});
    Times times(5);
    for (std::size_t t = 0; t < times.size(); ++t)
        for (std::size_t i = 0; i < count; ++i)
            times[t].push_back((4.0 + double(t)) * (t < slow.size() ? slow[t] : 1) *
                               (1 + noise * std::pow(random.uniform(), 3)));
    return times;
}

Throughput answer(const Times& then, const Times& now) {
    return compare_times(then, now, Seed{1}).beside[0].answer;
}

Times both(Times first, const Times& second) {
    for (std::size_t t = 0; t < first.size(); ++t) first[t].insert(first[t].end(), second[t].begin(), second[t].end());
    return first;
}

TEST(Slowdown, IsThatOfTheFasterHalfBesideTheMiddleOneOfTheOthers) {
    const Times then{{8, 2, 2, 9}, {4, 4, 4, 4}, {4, 4, 4, 4}, {4, 4, 4, 4}};
    const Times now{{6, 3, 7, 3}, {4, 4, 4, 4}, {8, 8, 8, 8}, {16, 16, 16, 16}};
    const Comparisons found = compare_times(then, now, Seed{1});
    EXPECT_NEAR(found.beside[0].slowdown.ratio, 3.0 / 2 / 2, 1e-12);
    EXPECT_NEAR(found.beside[1].slowdown.ratio, 1 / 2.0, 1e-12) << "of 1.5, 2 and 4";
    EXPECT_NEAR(found.beside[3].slowdown.ratio, 4 / 1.5, 1e-12) << "of 1.5, 1 and 2";
    EXPECT_NEAR(found.all.slowdown.ratio, std::sqrt(1.5 * 2), 1e-12) << "of 1, 1.5, 2 and 4";
    EXPECT_LE(found.beside[0].slowdown.low, found.beside[0].slowdown.ratio);
    EXPECT_GE(found.beside[0].slowdown.high, found.beside[0].slowdown.ratio);
}

TEST(Slowdown, AFastHalfThatIsHardlyOneIsUncertain) {
    Times now = runs(24, {}, 0, 1);
    for (std::size_t i = 0; i < 12; ++i) now[0][i] *= 1.1;
    const Slowdown even = compare_times(runs(24, {}, 0, 1), now, Seed{1}).beside[0].slowdown;
    EXPECT_NEAR(even.ratio, 1, 1e-12);
    EXPECT_GT(even.high, 1.04) << "a resample has 14 of the slow half as seldom as 1 in 500 times";
    for (std::size_t i = 1; i < 12; ++i) now[0][i] /= 1.1;
    EXPECT_NEAR(compare_times(runs(24, {}, 0, 1), now, Seed{1}).beside[0].slowdown.high, 1, 1e-12);
}

TEST(Slowdown, TheSameSeedGivesTheSameInterval) {
    const auto then = runs(24, {}, 0.5, 1), now = runs(24, {}, 0.5, 2);
    const Slowdown a = compare_times(then, now, Seed{7}).beside[0].slowdown,
                   b = compare_times(then, now, Seed{7}).beside[0].slowdown;
    EXPECT_EQ(a.low, b.low);
    EXPECT_EQ(a.high, b.high);
    EXPECT_NE(a.high, compare_times(then, now, Seed{8}).beside[0].slowdown.high);
}

TEST(CompareTimes, ATimeAsBeforeIsHeld) {
    EXPECT_EQ(answer(runs(24, {}, 0.01, 1), runs(24, {}, 0.01, 2)), Throughput::held);
    EXPECT_EQ(answer(runs(24, {}, 0.01, 1), runs(24, {0.8}, 0.01, 2)), Throughput::held) << "faster is no regression";
}

TEST(CompareTimes, FivePercentAreFound) {
    EXPECT_EQ(answer(runs(24, {}, 0.01, 1), runs(24, {1.05}, 0.01, 2)), Throughput::slower);
    EXPECT_EQ(answer(runs(24, {}, 0.2, 1), runs(24, {1.05}, 0.2, 2)), Throughput::slower) << "as far as runs differ";
}

TEST(CompareTimes, LessThanWhatIsToleratedIsNeverSlower) {
    EXPECT_NE(answer(runs(24, {}, 0, 1), runs(24, {1.024}, 0, 2)), Throughput::slower);
    EXPECT_EQ(answer(runs(24, {}, 0, 1), runs(24, {1.025}, 0, 2)), Throughput::slower);
}

TEST(CompareTimes, WhatChanceExplainsIsUndecided) {
    EXPECT_EQ(answer(runs(24, {}, 4, 1), runs(24, {1.1}, 4, 5)), Throughput::undecided);
}

TEST(CompareTimes, OneHalfConvictsNobody) {
    const auto then = runs(48, {}, 0.01, 1), right = runs(24, {}, 0.01, 2), slow = runs(24, {1.2}, 0.01, 3);
    EXPECT_EQ(answer(then, both(slow, slow)), Throughput::slower);
    EXPECT_NE(answer(then, both(slow, right)), Throughput::slower);
    EXPECT_NE(answer(then, both(right, slow)), Throughput::slower);
}

TEST(CompareTimes, EachHalfIsHeldAgainstEitherHalfOfTheEarlier) {
    const auto fast = runs(24, {}, 0.01, 1), slow = runs(24, {1.2}, 0.01, 2);
    EXPECT_NE(answer(both(fast, slow), both(slow, slow)), Throughput::slower);
    EXPECT_NE(answer(both(slow, fast), both(slow, slow)), Throughput::slower);
    EXPECT_EQ(answer(both(fast, fast), both(slow, runs(24, {1.4}, 0.01, 3))), Throughput::slower);
}

TEST(CompareTimes, TooFewRunsAreUndecided) {
    const auto many = runs(24, {}, 0.01, 1), few = runs(23, {1.8}, 0.01, 2);
    EXPECT_EQ(answer(many, few), Throughput::undecided);
    EXPECT_EQ(answer(few, many), Throughput::undecided);
    EXPECT_GT(compare_times(many, few, Seed{1}).beside[0].slowdown.ratio, 1.7);
    EXPECT_EQ(answer(runs(1, {}, 0, 1), runs(1, {2}, 0, 1)), Throughput::undecided);
}

TEST(CompareTimes, WhatTheMachineDoesToAllConvictsNoSplit) {
    const Comparisons found = compare_times(runs(24, {}, 0.01, 1), runs(24, {2, 2, 2, 2, 2}, 0.01, 2), Seed{1});
    for (const Comparison& one : found.beside) EXPECT_EQ(one.answer, Throughput::held);
    EXPECT_EQ(found.all.answer, Throughput::slower);
    EXPECT_NEAR(found.all.slowdown.ratio, 2, 0.02);
}

TEST(CompareTimes, OneThatBecameFasterMakesNoNeighbourSlower) {
    for (const std::size_t trials : {5u, 4u, 3u, 2u}) {
        Times then = runs(24, {}, 0.01, 1), now = runs(24, {1, 0.5}, 0.01, 2);
        then.resize(trials), now.resize(trials);
        const Comparisons found = compare_times(then, now, Seed{1});
        for (std::size_t t = 0; t < trials; ++t) EXPECT_NE(found.beside[t].answer, Throughput::slower) << trials;
        EXPECT_EQ(found.beside[0].answer, trials > least_others ? Throughput::held : Throughput::undecided);
        now[0] = runs(24, {1.1}, 0.01, 3)[0];
        EXPECT_EQ(compare_times(then, now, Seed{1}).beside[0].answer, Throughput::slower) << "it is by itself too";
    }
}

TEST(CompareTimes, OneAloneIsHeldOrUndecided) {
    Times then = runs(24, {}, 0.01, 1), right = runs(24, {}, 0.01, 2), slow = runs(24, {1.5}, 0.01, 2);
    for (Times* one : {&then, &right, &slow}) one->resize(1);
    EXPECT_EQ(answer(then, right), Throughput::held);
    EXPECT_EQ(answer(then, slow), Throughput::undecided);
    EXPECT_NEAR(compare_times(then, slow, Seed{1}).beside[0].slowdown.ratio, 1.5, 0.02);
}

TEST(Throughput, HasAName) {
    EXPECT_EQ(to_string(Throughput::held) + to_string(Throughput::undecided) + to_string(Throughput::slower),
              "heldundecidedslower");
}

}  // namespace
}  // namespace isobatch
