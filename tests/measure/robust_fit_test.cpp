#include "measure/robust_fit.h"

#include "base/seed.h"
#include "tests/base/expect.h"

namespace isobatch {
namespace {

using Rows = std::vector<std::vector<double>>;

struct Problem {
    Rows rows;
    std::vector<double> targets;
};

/// y = 2 a + 0.5 a·b + 3 at a few a and b, with noise of this relative size.
Problem line(double noise = 0, Seed seed = {1}) {
    Problem problem;
    Random random(seed);
    for (const double a : {1, 2, 4, 8})
        for (const double b : {1, 3, 16}) {
            problem.rows.push_back({a, a * b, 1});
            problem.targets.push_back((2 * a + 0.5 * a * b + 3) * (1 + noise * random.normal()));
        }
    return problem;
}

TEST(RobustFit, FindsAnExactLineAndIsSureOfIt) {
    const auto [rows, targets] = line();
    const RobustFit fit = robust_fit(rows, targets);
    EXPECT_NEAR(fit.coefficients[0], 2, 1e-9);
    EXPECT_NEAR(fit.coefficients[1], 0.5, 1e-9);
    EXPECT_NEAR(fit.coefficients[2], 3, 1e-9);
    EXPECT_LT(fit.held_out[fit.worst()], 1e-9);
    const Estimate far = fit.at(std::vector<double>{100, 6400, 1});
    EXPECT_NEAR(far.value, 3403, 1e-6);
    EXPECT_NEAR(far.high - far.low, 0, 1e-6);
}

TEST(RobustFit, AFewSlowPointsDoNotDecide) {
    auto [rows, targets] = line(0.01);
    targets[5] *= 3;
    targets[9] *= 2;
    const RobustFit fit = robust_fit(rows, targets);
    EXPECT_NEAR(fit.coefficients[0], 2, 0.2);
    EXPECT_NEAR(fit.coefficients[1], 0.5, 0.02);
    EXPECT_EQ(fit.worst(), 5u) << "and the point that was slowed is the one that is predicted worst";
    EXPECT_GT(fit.held_out[5], 0.5);
    EXPECT_LT(fit.held_out_median(), 0.03);
}

TEST(RobustFit, NoCostIsNegative) {
    Problem problem;
    for (const double x : {1, 2, 3, 4, 5, 6}) {
        problem.rows.push_back({x, 1});
        problem.targets.push_back(10 * x - 5);
    }
    const RobustFit fit = robust_fit(problem.rows, problem.targets);
    EXPECT_GT(fit.coefficients[0], 5);
    EXPECT_EQ(fit.coefficients[1], 0);
    EXPECT_GE(fit.at(std::vector<double>{0, 1}).low, 0);
}

TEST(RobustFit, WhatCannotBeToldApartGoesToTheFirstColumn) {
    Problem problem;
    for (const double x : {1, 2, 4, 8, 16, 32}) {
        problem.rows.push_back({x, 7, 0, 1});
        problem.targets.push_back(3 * x + 14);
    }
    const RobustFit fit = robust_fit(problem.rows, problem.targets);
    EXPECT_NEAR(fit.coefficients[0], 3, 1e-9);
    EXPECT_NEAR(fit.coefficients[1], 2, 1e-9);
    EXPECT_EQ(fit.coefficients[2], 0);
    EXPECT_EQ(fit.coefficients[3], 0);
    EXPECT_LT(fit.held_out[fit.worst()], 1e-9);
}

TEST(RobustFit, TheIntervalHoldsTheTruthAboutAsOftenAsItSays) {
    int held = 0;
    constexpr int times = 200;
    for (int k = 0; k < times; ++k) {
        const auto [rows, targets] = line(0.02, Seed{7}.split(static_cast<std::uint64_t>(k)));
        const Estimate estimate = robust_fit(rows, targets).at(std::vector<double>{2, 16, 1});
        held += estimate.low <= 15 && 15 <= estimate.high;
    }
    // Two standard errors: 95 of 100 for many points, fewer for the few that there are.
    EXPECT_GE(held, times * 85 / 100);
}

}  // namespace
}  // namespace isobatch
