// The source itself, so that every set of instructions that this machine has can be asked, not only the widest.
#include "base/exact_sum.cpp"  // NOLINT(bugprone-suspicious-include)

#include <random>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class T>
std::vector<T> values_of(const ExactSum& sum) {
    std::vector<T> values(sum.counts.size());
    read(sum, std::span<T>(values));
    return values;
}

/// The one element of a sum of these.
template <class T = double>
double total(double largest, const std::vector<T>& addends, double weight = 1) {
    ExactSum sum(quantum_for(largest, static_cast<std::int64_t>(addends.size())), 1);
    for (const T& addend : addends) add(sum, std::span<const T>(&addend, 1), weight);
    return values_of<double>(sum)[0];
}

TEST(Quantum, LeavesRoomForEveryAddendAndNoMore) {
    EXPECT_EQ(quantum_for(1, 1), (Quantum{-51, 51, 1}));
    EXPECT_EQ(quantum_for(1, 2048), (Quantum{-51, 51, 2048}));
    EXPECT_EQ(quantum_for(1, 2049), (Quantum{-50, 50, 2049}));
    EXPECT_EQ(quantum_for(1.5, 4), (Quantum{-50, 51, 4}));
    EXPECT_EQ(quantum_for(-2, 4), (Quantum{-50, 51, 4}));
    EXPECT_EQ(quantum_for(1, std::int64_t{1} << 22).value(), 0x1p-40);
    EXPECT_EQ(quantum_for(1, std::int64_t{1} << 50).count_bits, 12);
}

TEST(Quantum, EveryMagnitudeHasOne) {
    EXPECT_EQ(quantum_for(0, 1).value(), 0x1p-1022);
    EXPECT_EQ(quantum_for(0x1p-1074, 1).value(), 0x1p-1022);
    for (const double all : {infinity, -infinity, std::nan(""), std::numeric_limits<double>::max()})
        EXPECT_EQ(quantum_for(all, 1).exponent, 1024 - 51);
}

TEST(QuantumDeathTest, AddendsAreCountable) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(quantum_for(1, 0), "addends");
    EXPECT_DEATH(quantum_for(1, (std::int64_t{1} << 50) + 1), "addends");
}

TEST(ExactSum, AddsWhatDoublesWouldLose) {
    EXPECT_EQ(total(1, {1, 0x1p-50, -1}), 0x1p-50);
    EXPECT_EQ(total(1, {0x1p-50, 1, -1}), 0x1p-50);
    EXPECT_EQ(total<float>(1, {1.0F, 0x1p-40F, -1.0F}), 0x1p-40);
}

TEST(ExactSum, RoundsEachAddendToNearestEven) {
    const double quantum = quantum_for(1, 1).value();
    const std::pair<double, double> rounded[] = {{0.5, 0},  {0.5000001, 1}, {1.5, 2},   {2.5, 2}, {3.5, 4},
                                                 {-0.5, 0}, {-1.5, -2},     {-2.5, -2}, {0.4, 0}, {-0.6, -1}};
    for (const auto& [addend, count] : rounded) EXPECT_EQ(total(1, {addend * quantum}), count * quantum) << addend;
}

/// The product is below the tie between two quanta by less than a double of its size can tell.
TEST(ExactSum, ValueTimesWeightIsRoundedOnce) {
    const double quantum = quantum_for(1, 1).value();
    const double value = 3 * quantum * (1 + 0x1p-30), weight = 0.5 * (1 - 0x1p-30);
    ASSERT_EQ(value * weight / quantum, 1.5) << "in doubles it is a tie, which would become 2";
    EXPECT_EQ(total(1, {value}, weight), quantum);
}

TEST(ExactSum, HoldsTheLargestEverywhere) {
    for (const std::int64_t addends : {1, 2, 3, 2048, 5000}) {
        for (const double sign : {1.0, -1.0}) {
            ExactSum sum(quantum_for(1, addends), 1);
            for (std::int64_t i = 0; i < addends; ++i) add(sum, std::vector<double>{sign});
            ASSERT_TRUE(sum.holds());
            EXPECT_EQ(values_of<double>(sum)[0], sign * static_cast<double>(addends));
        }
    }
}

TEST(ExactSum, WhatIsOutOfRangeMakesItAllNaN) {
    for (const double bad : {1.0 + 0x1p-50, -1.1, 1e300, infinity, -infinity, std::nan("")}) {
        ExactSum sum(quantum_for(1, 4), 2);
        add(sum, std::vector<double>{0.5, bad});
        add(sum, std::vector<double>{0.5, 0});
        EXPECT_TRUE(sum.out_of_range) << bad;
        for (const double value : values_of<double>(sum)) EXPECT_TRUE(std::isnan(value)) << bad;
        for (const float value : values_of<float>(sum)) EXPECT_TRUE(std::isnan(value)) << bad;
    }
}

TEST(ExactSum, AnExtremeWeightIsOutOfRangeOrRight) {
    EXPECT_TRUE(std::isnan(total(1, {0}, infinity)));
    EXPECT_TRUE(std::isnan(total(1, {0}, std::nan(""))));
    EXPECT_TRUE(std::isnan(total(1, {1e-300}, 1e300 * 1e5)));
    EXPECT_TRUE(std::isnan(total(infinity, {1e300}, 0x1p-1074)));
    EXPECT_EQ(total(1, {0x1p-980}, 0x1p970), 0x1p-10);
    EXPECT_EQ(total(1, {0.5}, 0), 0);
}

TEST(ExactSum, AnAddendTooManyDoesNotHold) {
    ExactSum sum(quantum_for(1, 2), 1);
    const std::vector<double> one{1};
    add(sum, one);
    add(sum, one);
    EXPECT_TRUE(sum.holds());
    add(sum, one);
    EXPECT_FALSE(sum.holds());
    EXPECT_TRUE(std::isnan(values_of<double>(sum)[0]));
    ExactSum most(quantum_for(1, 2), 1), rest = most;
    for (int i = 0; i < 2; ++i) add(most, one);
    add(rest, one);
    merge(most, rest);
    EXPECT_FALSE(most.holds());
}

TEST(ExactSum, MergingKeepsTheFlag) {
    ExactSum good(quantum_for(1, 2), 1), bad = good;
    add(bad, std::vector<double>{infinity});
    merge(good, bad);
    EXPECT_TRUE(good.out_of_range);
}

TEST(ExactSum, IsReadRoundedOnce) {
    ExactSum sum({0, 51, 1}, 1);
    sum.counts[0] = (std::int64_t{1} << 40) + (1 << 16) + 1;  // above a tie of floats by what a double holds
    EXPECT_EQ(values_of<float>(sum)[0], 0x1p40F + 0x1p17F);
    sum.counts[0] = (std::int64_t{1} << 62) + (std::int64_t{1} << 38) + 1;  // … and by what a double does not
    EXPECT_EQ(values_of<float>(sum)[0], 0x1p62F + 0x1p39F);
    EXPECT_EQ(values_of<double>(sum)[0], 0x1p62 + 0x1p38);
}

TEST(ExactSum, MayBeEmpty) {
    ExactSum sum(quantum_for(1, 1), 0);
    add(sum, std::span<const float>());
    EXPECT_TRUE(sum.holds());
}

TEST(ExactSumDeathTest, OtherSizesAndQuantaBreakAPromise) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    ExactSum sum(quantum_for(1, 1), 1), longer(quantum_for(1, 1), 2), coarser(quantum_for(2, 1), 1);
    EXPECT_DEATH(add(sum, std::vector<double>{1, 2}), "one size");
    EXPECT_DEATH(merge(sum, longer), "one quantum");
    EXPECT_DEATH(merge(sum, coarser), "one quantum");
    std::vector<double> one(1);
    EXPECT_DEATH(read(longer, std::span<double>(one)), "as many");
}

/// Addends of one element each, of many magnitudes.
template <class T>
std::vector<std::vector<T>> addends(std::size_t count, std::size_t size) {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint32_t>());
    std::vector<std::vector<T>> all(count, std::vector<T>(size));
    for (std::vector<T>& addend : all)
        for (T& value : addend) {
            const double fraction = std::uniform_real_distribution<double>(-1, 1)(random);
            value = static_cast<T>(std::ldexp(fraction, -static_cast<int>(random() % 60)));
        }
    return all;
}

template <class T>
void every_order_and_grouping() {
    const std::size_t count = *rc::gen::inRange<std::size_t>(1, 40), size = *rc::gen::inRange<std::size_t>(0, 30);
    const auto all = addends<T>(count, size);
    const double weight = *rc::gen::element(1.0, 0.25, 1.0 / 3, -0.7);
    const Quantum quantum = quantum_for(1, static_cast<std::int64_t>(count));
    ExactSum in_order(quantum, size);
    for (const std::vector<T>& addend : all) add(in_order, std::span<const T>(addend), weight);

    std::mt19937_64 random(*rc::gen::arbitrary<std::uint32_t>());
    std::vector<std::size_t> order(count);
    for (std::size_t i = 0; i < count; ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    std::vector<ExactSum> parts(1 + random() % 5, ExactSum(quantum, size));
    for (const std::size_t i : order) add(parts[random() % parts.size()], std::span<const T>(all[i]), weight);
    ExactSum merged = parts.back();
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) merge(merged, parts[i]);
    RC_ASSERT(merged.counts == in_order.counts);
    RC_ASSERT(merged.holds() && merged.added == in_order.added);

    const std::vector<double> values = values_of<double>(in_order);
    for (std::size_t element = 0; element < size; ++element) {
        long double sum = 0;  // 11 bits more than the doubles that are added
        for (const std::vector<T>& addend : all) sum += static_cast<long double>(addend[element]) * weight;
        const double allowed = static_cast<double>(count) * quantum.value() / 2 + std::abs(values[element]) * 0x1p-53 +
                               static_cast<double>(count) * 0x1p-63 * static_cast<double>(count);
        RC_ASSERT(std::abs(static_cast<double>(sum - values[element])) <= allowed);
    }
}

RC_GTEST_PROP(ExactSum, AnyOrderAndGroupingOfFloatsHasTheSameBits, ()) {
    every_order_and_grouping<float>();
}

RC_GTEST_PROP(ExactSum, AnyOrderAndGroupingOfDoublesHasTheSameBits, ()) {
    every_order_and_grouping<double>();
}

template <class T>
void every_set_of_instructions() {
    const std::size_t size = *rc::gen::inRange<std::size_t>(0, 40);
    std::vector<T> values = addends<T>(1, size)[0];
    if (size > 0 && *rc::gen::inRange(0, 4) == 0)
        values[*rc::gen::inRange<std::size_t>(0, size)] = *rc::gen::element<T>(T(infinity), T(-2), T(std::nan("")));
    const double scale = *rc::gen::element(0x1p51, 0x1p51 / 3, -0x1p20), limit = 0x1p51;
    std::vector<std::int64_t> expected(size);
    bool all = true;
    for (std::size_t i = 0; i < size; ++i) {
        const long double product = static_cast<long double>(values[i]) * scale;
        const bool within = std::abs(std::nearbyint(static_cast<double>(product))) <= limit;
        all = all && within;
        if (within) all = add_one(expected[i], values[i], scale, limit) && all;
    }
    const auto expect = [&](auto way) {
        std::vector<std::int64_t> counts(size);
        RC_ASSERT(way(counts.data(), values.data(), size, scale, limit) == all);
        RC_ASSERT(counts == expected);
    };
    expect(add_widest<T>);
    expect(portable::add<T>);
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) expect(avx2::add<T>);
    if (__builtin_cpu_supports("avx512f")) expect(avx512::add<T>);
#endif
}

RC_GTEST_PROP(ExactSum, FloatsAreAddedAlikeByEverySetOfInstructions, ()) {
    every_set_of_instructions<float>();
}

RC_GTEST_PROP(ExactSum, DoublesAreAddedAlikeByEverySetOfInstructions, ()) {
    every_set_of_instructions<double>();
}

}  // namespace
}  // namespace isobatch
