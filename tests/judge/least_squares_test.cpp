#include "judge/least_squares.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/seed.h"
#include "tests/base/expect.h"

namespace isobatch {
namespace {

using Vector = std::vector<double>;
using Columns = std::vector<Vector>;

constexpr double u = 0x1p-53;

double dot(const Vector& a, const Vector& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

double norm(const Vector& a) {
    return std::sqrt(dot(a, a));
}

Columns random_columns(std::size_t rows, std::size_t count, Random& random) {
    Columns columns(count, Vector(rows));
    for (Vector& column : columns)
        for (double& value : column) value = random.normal();
    return columns;
}

/// Columns of unit length at right angles (Gram-Schmidt, twice).
Columns orthonormal(std::size_t rows, std::size_t count, Random& random) {
    Columns columns = random_columns(rows, count, random);
    for (std::size_t k = 0; k < count; ++k) {
        for (int pass = 0; pass < 2; ++pass)
            for (std::size_t j = 0; j < k; ++j) {
                const double along = dot(columns[j], columns[k]);
                for (std::size_t i = 0; i < rows; ++i) columns[k][i] -= along * columns[j][i];
            }
        const double length = norm(columns[k]);
        for (double& value : columns[k]) value /= length;
    }
    return columns;
}

/// U · diag(values) · Vᵀ with random U and V: singular values that are known.
Columns with_singular_values(std::size_t rows, const Vector& values, Random& random) {
    const Columns left = orthonormal(rows, values.size(), random),
                  right = orthonormal(values.size(), values.size(), random);
    Columns columns(values.size(), Vector(rows, 0));
    for (std::size_t j = 0; j < values.size(); ++j)
        for (std::size_t k = 0; k < values.size(); ++k)
            for (std::size_t i = 0; i < rows; ++i) columns[j][i] += left[k][i] * values[k] * right[k][j];
    return columns;
}

Vector product(const Columns& columns, const Vector& weights) {
    Vector sum(columns[0].size(), 0);
    for (std::size_t j = 0; j < columns.size(); ++j)
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += columns[j][i] * weights[j];
    return sum;
}

double worst_error(const Vector& found, const Vector& expected) {
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) worst = std::max(worst, std::abs(found[i] - expected[i]));
    return worst;
}

Vector ladder(std::size_t count, double condition) {
    Vector values;
    for (std::size_t k = 0; k < count; ++k)
        values.push_back(std::pow(condition, -static_cast<double>(k) / static_cast<double>(count - 1)));
    return values;
}

TEST(LeastSquares, RecoversKnownWeightsOfRandomTallSystems) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Random random(Seed{seed});
        const std::size_t n = 1 + random.below(24), rows = n + random.below(60);
        const Columns columns = random_columns(rows, n, random);
        Vector weights(n);
        for (double& weight : weights) weight = random.normal();
        const LeastSquares system(columns);
        ASSERT_EQ(system.rank(), static_cast<int>(n)) << "seed " << seed;
        EXPECT_EQ(system.columns(), static_cast<int>(n));
        const auto solution = system.solve(product(columns, weights));
        EXPECT_LE(worst_error(solution.weights, weights), 64 * u * system.condition() * norm(weights))
            << "seed " << seed;
        EXPECT_LE(solution.residual, 64 * u) << "seed " << seed;
    }
}

TEST(LeastSquares, WhatTheColumnsCannotExplainIsTheResidual) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Random random(Seed{seed});
        const Columns basis = orthonormal(30, 6, random);  // five columns, and one direction that they do not have
        const Columns columns(basis.begin(), basis.end() - 1);
        const Vector weights{1, -2, 0.5, 0, 3};
        Vector rhs = product(columns, weights);
        const double size = norm(rhs);
        for (std::size_t i = 0; i < rhs.size(); ++i) rhs[i] += 2 * basis[5][i];
        const auto solution = LeastSquares(columns).solve(rhs);
        EXPECT_LE(worst_error(solution.weights, weights), 1e-14);
        EXPECT_NEAR(solution.residual, 2 / std::sqrt(size * size + 4), 1e-14);
    }
}

TEST(LeastSquares, TheWeightsAreInTheGivenOrder) {
    // The pivoting takes the longest column first: 2, 0, 1.
    const LeastSquares system({{0, 2, 0, 0}, {1, 0, 0, 0}, {0, 0, 0, 8}});
    EXPECT_LE(worst_error(system.solve({5, 6, 0, 16}).weights, {3, 5, 2}), 1e-14);
    EXPECT_NEAR(system.solve({0, 0, 3, 32}).residual, 3 / std::sqrt(9 + 32.0 * 32), 1e-15);
}

TEST(LeastSquares, ASquareSystemHasNoResidual) {
    const LeastSquares system({{2, 1}, {1, 3}});
    const auto solution = system.solve({4, 7});
    EXPECT_LE(worst_error(solution.weights, {1, 2}), 1e-15);
    EXPECT_EQ(solution.residual, 0);
}

TEST(LeastSquares, AZeroRightHandSideHasZeroWeights) {
    Random random(Seed{1});
    const auto solution = LeastSquares(random_columns(9, 4, random)).solve(Vector(9, 0));
    EXPECT_EQ(solution.weights, Vector(4, 0));
    EXPECT_EQ(solution.residual, 0);
}

TEST(LeastSquares, ARightHandSideThatIsNoNumberIsNotExplained) {
    Random random(Seed{1});
    const LeastSquares system(random_columns(9, 4, random));
    Vector rhs(9, 1);
    rhs[7] = std::nan("");
    EXPECT_FALSE(system.solve(rhs).residual <= 1);
    rhs[7] = std::numeric_limits<double>::infinity();
    EXPECT_FALSE(system.solve(rhs).residual <= 1);
}

TEST(LeastSquares, ColumnsThatOthersExplainAreCounted) {
    Random random(Seed{4});
    Columns columns = random_columns(20, 5, random);
    columns.push_back(columns[1]);
    for (std::size_t i = 0; i < 20; ++i) columns[5][i] += 2 * columns[3][i];
    const LeastSquares dependent(columns);
    EXPECT_EQ(dependent.rank(), 5);
    EXPECT_EQ(dependent.columns(), 6);
    EXPECT_EQ(dependent.condition(), std::numeric_limits<double>::infinity());
    EXPECT_EQ(LeastSquares({{1, 2, 3}, {2, 4, 6}}).rank(), 1);
    EXPECT_EQ(LeastSquares({{1, 2, 3}, {0, 0, 0}}).rank(), 1);
    EXPECT_EQ(LeastSquares({{0, 0, 0}, {0, 0, 0}}).rank(), 0);
    EXPECT_EQ(LeastSquares({{0, 0, 0}}).condition(), std::numeric_limits<double>::infinity());
    EXPECT_EQ(LeastSquares(Columns{}).rank(), 0);
    EXPECT_EQ(LeastSquares(Columns{}).condition(), std::numeric_limits<double>::infinity());
}

TEST(LeastSquares, TheRankLimitIsRelativeToTheLargestColumn) {
    EXPECT_EQ(LeastSquares({{1, 0, 0}, {0, 0x1p-39, 0}}).rank(), 2);
    EXPECT_EQ(LeastSquares({{1, 0, 0}, {0, 0x1p-41, 0}}).rank(), 1);
    EXPECT_EQ(LeastSquares({{0x1p100, 0, 0}, {0, 0x1p61, 0}}).rank(), 2);
    EXPECT_EQ(LeastSquares({{0x1p-300, 0, 0}, {0, 0x1p-301, 0}}).rank(), 2);
}

TEST(LeastSquares, TheConditionIsThatOfTheSingularValues) {
    for (const double condition : {1.0, 3.0, 100.0, 1e4, 1e8}) {
        Random random(Seed{7});
        const Vector values = ladder(10, condition);
        EXPECT_NEAR(LeastSquares(with_singular_values(40, values, random)).condition() / condition, 1,
                    16 * u * condition + 1e-12);
    }
    EXPECT_NEAR(LeastSquares({{3, 0}, {0, -0.5}}).condition(), 6, 1e-14);
}

TEST(LeastSquares, ErrorsStayWithinRoundoffTimesCondition) {
    for (const double condition : {1e2, 1e5, 1e8}) {
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            Random random(Seed{seed});
            const Columns columns = with_singular_values(50, ladder(12, condition), random);
            const Vector weights(12, 1);
            const auto solution = LeastSquares(columns).solve(product(columns, weights));
            EXPECT_LE(worst_error(solution.weights, weights), 64 * u * condition * norm(weights))
                << condition << ", seed " << seed;
            EXPECT_LE(solution.residual, 64 * u);
        }
    }
}

TEST(LeastSquares, GradedColumnsKeepEveryWeight) {
    // Samples whose losses differ by 10^8: each weight is as good as its own column allows.
    Random random(Seed{3});
    Columns columns = random_columns(40, 9, random);
    for (std::size_t j = 0; j < columns.size(); ++j)
        for (double& value : columns[j]) value *= std::pow(10, -static_cast<double>(j));
    Vector weights;
    for (std::size_t j = 0; j < columns.size(); ++j) weights.push_back(1 + static_cast<double>(j));
    const LeastSquares system(columns);
    EXPECT_EQ(system.rank(), 9);
    EXPECT_GT(system.condition(), 1e7);
    const auto solution = system.solve(product(columns, weights));
    for (std::size_t j = 0; j < weights.size(); ++j)
        EXPECT_LE(std::abs(solution.weights[j] - weights[j]), 256 * u * std::pow(10, static_cast<double>(j)) * 10) << j;
}

TEST(LeastSquares, OneFactorisationServesManyRightHandSides) {
    Random random(Seed{9});
    const Columns columns = random_columns(25, 5, random);
    const LeastSquares system(columns);
    for (int round = 0; round < 3; ++round) {
        Vector weights(5, 0);
        weights[static_cast<std::size_t>(round)] = 1;
        EXPECT_LE(worst_error(system.solve(product(columns, weights)).weights, weights), 1e-13);
    }
}

TEST(SingularValues, AreThoseThatTheMatrixWasMadeOf) {
    for (const Vector& values :
         {Vector{5, 3, 1}, Vector{1, 1, 1, 1}, Vector{1e6, 1, 1e-6}, Vector{2, 2, 1e-3, 1e-3}, Vector{7}}) {
        Random random(Seed{11});
        const Vector found = singular_values(with_singular_values(12, values, random));
        ASSERT_EQ(found.size(), values.size());
        for (std::size_t k = 0; k < values.size(); ++k) EXPECT_NEAR(found[k], values[k], 64 * u * values[0]);
        EXPECT_TRUE(std::is_sorted(found.rbegin(), found.rend()));
    }
    EXPECT_EQ(singular_values({{0, 0}, {0, 0}}), (Vector{0, 0}));
    EXPECT_EQ(singular_values({{-3, 0}, {0, 4}}), (Vector{4, 3}));
    EXPECT_TRUE(singular_values({}).empty());
}

TEST(LeastSquaresDeathTest, MisuseBreaksAPromise) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(LeastSquares({{1, 2}, {1, 2, 3}}), "columns of one length");
    EXPECT_DEATH(LeastSquares({{1}, {2}}), "at least their number");
    EXPECT_DEATH(LeastSquares({{1, 2, 3}, {2, 4, 6}}).solve({1, 1, 1}), "full-rank");
    EXPECT_DEATH(LeastSquares({{1, 2, 3}}).solve({1, 1}), "full-rank");
    EXPECT_DEATH(LeastSquares(Columns{}).solve({}), "full-rank");
}

TEST(LeastSquares, AColumnAlongAnAxisDoesNotCancel) {
    for (const double sign : {-1.0, 1.0}) {
        const Vector column{sign * 0.5, 1e-9, -1e-9};
        const LeastSquares::Solution solution = LeastSquares({column}).solve(column);
        EXPECT_LT(solution.residual, 4 * u);
        EXPECT_NEAR(solution.weights[0], 1, 4 * u);
    }
}

}  // namespace
}  // namespace isobatch
