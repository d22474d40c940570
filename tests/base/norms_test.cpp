#include "base/norms.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<double> random_values(std::size_t count) {
    std::mt19937_64 random(count);
    std::vector<double> values(count);
    for (double& value : values) value = std::normal_distribution<double>()(random);
    return values;
}

/// The definition by recursion: neighbouring halves.
double tree(const std::vector<double>& columns, std::size_t begin, std::size_t end) {
    if (end - begin == 1) return columns[begin];
    return tree(columns, begin, (begin + end) / 2) + tree(columns, (begin + end) / 2, end);
}

double sum_by_definition(const std::vector<double>& values) {
    std::vector<double> sums;
    for (std::size_t begin = 0; begin < values.size(); begin += Norms::chunk) {
        std::vector<double> columns(Norms::columns, 0.0);
        for (std::size_t i = begin; i < std::min(values.size(), begin + Norms::chunk); ++i)
            columns[(i - begin) % Norms::columns] += values[i];
        sums.push_back(tree(columns, 0, Norms::columns));
    }
    if (sums.empty()) return 0;
    return sums.size() == 1 ? sums[0] : sum_by_definition(sums);
}

TEST(Norms, AreThoseOfTheFixedTree) {
    for (const std::size_t count : {0, 1, 2, 1023, 1024, 1025, 16384, 16385, 100'000}) {
        const std::vector<double> values = random_values(count);
        std::vector<double> squares;
        double largest = 0;
        for (const double value : values) {
            squares.push_back(value * value);
            largest = std::max(largest, std::abs(value));
        }
        EXPECT_EQ(norms(std::span<const double>(values)),
                  (Norms{sum_by_definition(values), sum_by_definition(squares), largest}))
            << count;
    }
}

TEST(Norms, OfFloatsAreThoseOfTheirDoubles) {
    const std::vector<double> doubles = random_values(20'000);
    const std::vector<float> floats(doubles.begin(), doubles.end());
    const std::vector<double> rounded(floats.begin(), floats.end());
    EXPECT_EQ(norms(std::span<const float>(floats)), norms(std::span<const double>(rounded)));
}

TEST(Norms, L2IsTheRootOfTheSquares) {
    EXPECT_EQ(norms(std::vector<double>{3, -4}).l2(), 5);
    EXPECT_EQ(norms(std::vector<double>{3, -4}).sum, -1);
    EXPECT_EQ(norms(std::vector<double>{3, -4}).largest, 4);
}

TEST(Norms, WhatIsNoNumberIsInfinitelyLarge) {
    for (const double bad : {infinity, -infinity, std::nan("")}) {
        EXPECT_EQ(norms(std::vector<double>{1, bad, 2}).largest, infinity);
        EXPECT_FALSE(std::isfinite(norms(std::vector<double>{1, bad, 2}).sum));
    }
}

TEST(Norms, NaNHasOneFormOnly) {
    const double negative = -std::numeric_limits<double>::quiet_NaN();
    EXPECT_FALSE(std::signbit(with_quiet_nans({negative, negative, 0}).sum));
    EXPECT_FALSE(std::signbit(with_quiet_nans({negative, negative, 0}).squares));
    EXPECT_EQ(with_quiet_nans({1, 2, 3}), (Norms{1, 2, 3}));
}

}  // namespace
}  // namespace isobatch
