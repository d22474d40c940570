#include "base/wide_sum.h"

#include <cmath>
#include <limits>
#include <random>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity(), largest = std::numeric_limits<float>::max(),
                smallest = std::numeric_limits<float>::denorm_min();

/// The one element of a sum of these.
float total(const std::vector<float>& addends) {
    WideSum sum(1);
    for (const float& addend : addends) add(sum, std::span(&addend, 1));
    float value = 0;
    read(sum, std::span(&value, 1));
    return value;
}

TEST(WideSum, ANumberAloneIsItself) {
    for (const float value : {0.F, 1.F, -1.F, 0.1F, largest, -largest, smallest, -smallest, 0x1p-126F, 0x1.8p-127F,
                              0x1.fffffep-126F, 0x1.fffffep-1F, 0x1p31F, 0x1p32F})
        EXPECT_EQ(total({value}), value) << value;
}

TEST(WideSum, NothingIsLostWhateverTheSizes) {
    EXPECT_EQ(total({largest, smallest, -largest}), smallest);
    EXPECT_EQ(total({largest, 1.5F, largest, -largest, smallest, -largest}), 1.5F)
        << "what rounds away is rounded once";
    EXPECT_EQ(total({-1.F, 0x1p-30F, 1.F}), 0x1p-30F);
    EXPECT_EQ(total({3.F, -3.F}), 0.F);
    EXPECT_FALSE(std::signbit(total({3.F, -3.F})));
}

TEST(WideSum, IsRoundedToTheNearestAndTiesToEven) {
    EXPECT_EQ(total({1.F, 0x1p-24F}), 1.F);
    EXPECT_EQ(total({1.F, 0x1p-24F, smallest}), 1.F + 0x1p-23F);
    EXPECT_EQ(total({1.F, 0x1p-24F, -smallest}), 1.F);
    EXPECT_EQ(total({1.F, 0x1p-23F, 0x1p-24F}), 1.F + 0x1p-22F);
    EXPECT_EQ(total({-1.F, -0x1p-23F, -0x1p-24F}), -1.F - 0x1p-22F);
    EXPECT_EQ(total({0x1.fffffep0F, 0x1p-24F}), 2.F) << "the carry reaches the exponent";
}

TEST(WideSum, WhatIsTooLargeIsInfinite) {
    EXPECT_EQ(total({largest, 0x1p102F}), largest);
    EXPECT_EQ(total({largest, 0x1p103F}), infinity) << "a tie with the number that there is not";
    EXPECT_EQ(total({largest, largest}), infinity);
    EXPECT_EQ(total(std::vector<float>(5000, -largest)), -infinity);
    std::vector<float> back(5000, -largest);
    back.insert(back.end(), 5000, largest);
    EXPECT_EQ(total(back), 0.F);
}

/// Multiples of 2^-20 below 2^20: a double holds every sum of a thousand, and rounds it to fp32 once.
TEST(WideSum, IsTheRoundedSumOfDoublesWhereThoseAreExact) {
    std::mt19937_64 random(3);
    for (int round = 0; round < 200; ++round) {
        double exact = 0;
        std::vector<float> addends;
        for (int i = 0; i < 1000; ++i) {
            const int bits = static_cast<int>(random() % 24) + 1;
            const auto units = static_cast<double>(random() % (1ULL << bits)) * (random() % 2 == 0 ? 1 : -1);
            addends.push_back(static_cast<float>(std::ldexp(units, -20)));
            exact += static_cast<double>(addends.back());
        }
        EXPECT_EQ(total(addends), static_cast<float>(exact));
    }
}

TEST(WideSum, TheBitsDependOnNoOrderAndNoGrouping) {
    std::mt19937_64 random(5);
    const auto draw = [&] {
        const auto bits = static_cast<std::uint32_t>(random());
        return is_finite_fp32(bits) ? std::bit_cast<float>(bits) : 0.F;
    };
    constexpr std::size_t size = 7;
    WideSum forth(size), back(size), left(size), right(size);
    std::vector<std::vector<float>> addends(64, std::vector<float>(size));
    for (std::vector<float>& one : addends)
        for (float& value : one) value = draw();
    for (std::size_t i = 0; i < addends.size(); ++i) {
        add(forth, addends[i]);
        add(back, addends[addends.size() - 1 - i]);
        add(i % 3 == 0 ? left : right, addends[i]);
    }
    merge(left, right);
    EXPECT_EQ(forth.limbs, back.limbs);
    EXPECT_EQ(forth.limbs, left.limbs);
    EXPECT_EQ(left.added, 64);
    std::vector<float> some(size), same(size);
    read(forth, some);
    read(left, same);
    EXPECT_EQ(some, same);
}

TEST(WideSum, WhatIsNotFiniteLeavesNoSum) {
    for (const float bad : {infinity, -infinity, std::nanf("")}) {
        EXPECT_TRUE(std::isnan(total({1.F, bad, 2.F})));
        WideSum sum(2), other(2);
        add(sum, std::vector{1.F, bad});
        EXPECT_FALSE(sum.holds());
        merge(other, sum);
        EXPECT_FALSE(other.holds());
    }
}

TEST(WideSum, HoldsAsManyAddendsAsItsLimbsCanCount) {
    WideSum sum(1);
    sum.added = (std::int64_t{1} << 30) - 1;
    add(sum, std::vector{1.F});
    EXPECT_TRUE(sum.holds());
    add(sum, std::vector{1.F});
    EXPECT_FALSE(sum.holds());
    WideSum half(1), other(1);
    half.added = other.added = (std::int64_t{1} << 29) + 1;
    merge(half, other);
    EXPECT_FALSE(half.holds());
}

TEST(WideSumDeathTest, SizesAgree) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    WideSum sum(2);
    const WideSum other(3);
    std::vector<float> three(3);
    EXPECT_DEATH(add(sum, three), "one size");
    EXPECT_DEATH(merge(sum, other), "one size");
    EXPECT_DEATH(read(sum, three), "as many values");
}

}  // namespace
}  // namespace isobatch
