#include "measure/robust_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"

namespace isobatch {

namespace {

/// Huber's constant: 95 % of the efficiency of least squares where residuals are normal.
constexpr double huber = 1.345;
/// The standard deviation of a normal distribution ÷ its median absolute deviation.
constexpr double deviation = 1.4826;
/// Below this, what a column adds to the others is rounding: columns are scaled to length one and no split repeats a
/// factor of 10^4 with four digits of difference in time.
constexpr double told_apart = 1e-10;
constexpr int rounds = 50;

double dot(std::span<const double> a, std::span<const double> b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Of a weighted least-squares problem with few unknowns: the normal equations, scaled so that the diagonal is one.
struct Normal {
    std::array<std::array<double, most_columns>, most_columns> matrix{};
    std::array<double, most_columns> right{}, scale{};
    std::size_t columns = 0;
};

/// Rows are divided by their targets: what is minimised is the relative residual, whose target is one.
Normal normal_of(const std::vector<std::vector<double>>& rows, const std::vector<double>& weights) {
    Normal normal;
    normal.columns = rows[0].size();
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t j = 0; j < normal.columns; ++j) {
            for (std::size_t k = 0; k < normal.columns; ++k)
                normal.matrix[j][k] += weights[i] * rows[i][j] * rows[i][k];
            normal.right[j] += weights[i] * rows[i][j];
        }
    for (std::size_t j = 0; j < normal.columns; ++j)
        normal.scale[j] = normal.matrix[j][j] > 0 ? 1 / std::sqrt(normal.matrix[j][j]) : 0;
    for (std::size_t j = 0; j < normal.columns; ++j) {
        for (std::size_t k = 0; k < normal.columns; ++k) normal.matrix[j][k] *= normal.scale[j] * normal.scale[k];
        normal.right[j] *= normal.scale[j];
    }
    return normal;
}

/// The unknowns of `chosen` columns, the others zero; empty where the points do not tell them apart.
std::vector<double> solution(const Normal& normal, unsigned chosen) {
    std::vector<std::size_t> of;
    for (std::size_t j = 0; j < normal.columns; ++j)
        if (chosen >> j & 1U) of.push_back(j);
    std::vector<std::vector<double>> m;  // Cholesky's factor, row by row; the right-hand side is carried along
    std::vector<double> y;
    for (std::size_t a = 0; a < of.size(); ++a) {
        m.emplace_back(a + 1);
        for (std::size_t b = 0; b <= a; ++b) {
            double rest = normal.matrix[of[a]][of[b]];
            for (std::size_t k = 0; k < b; ++k) rest -= m[a][k] * m[b][k];
            if (a != b)
                m[a][b] = rest / m[b][b];
            else if (rest < told_apart)
                return {};
            else
                m[a][a] = std::sqrt(rest);
        }
        double rest = normal.right[of[a]];
        for (std::size_t k = 0; k < a; ++k) rest -= m[a][k] * y[k];
        y.push_back(rest / m[a][a]);
    }
    std::vector<double> unknowns(normal.columns, 0);
    for (std::size_t a = of.size(); a-- > 0;) {
        double rest = y[a];
        for (std::size_t k = a + 1; k < of.size(); ++k) rest -= m[k][a] * unknowns[of[k]] / normal.scale[of[k]];
        unknowns[of[a]] = rest / m[a][a] * normal.scale[of[a]];
    }
    return unknowns;
}

double loss_of(const std::vector<std::vector<double>>& rows, const std::vector<double>& weights,
               const std::vector<double>& unknowns) {
    double loss = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) loss += weights[i] * std::pow(dot(rows[i], unknowns) - 1, 2);
    return loss;
}

/// Non-negative least squares: with so few unknowns, the best of all choices of columns that has no negative one.
std::vector<double> non_negative(const std::vector<std::vector<double>>& rows, const std::vector<double>& weights) {
    const Normal normal = normal_of(rows, weights);
    std::vector<double> best(normal.columns, 0);
    double least = loss_of(rows, weights, best);
    for (unsigned chosen = 1; chosen < 1U << normal.columns; ++chosen) {
        const std::vector<double> unknowns = solution(normal, chosen);
        if (unknowns.empty() || *std::min_element(unknowns.begin(), unknowns.end()) < 0) continue;
        const double loss = loss_of(rows, weights, unknowns);
        if (loss >= least * (1 - 1e-9) - 1e-18) continue;  // not better: the first of columns that mean the same stays
        least = loss;
        best = unknowns;
    }
    return best;
}

std::vector<double> coefficients_of(const std::vector<std::vector<double>>& rows) {
    std::vector<double> weights(rows.size(), 1), unknowns = non_negative(rows, weights);
    for (int round = 0; round < rounds; ++round) {
        std::vector<double> residuals;
        for (const auto& row : rows) residuals.push_back(std::abs(dot(row, unknowns) - 1));
        const double scale = std::max(deviation * median(residuals), std::numeric_limits<double>::epsilon());
        for (std::size_t i = 0; i < rows.size(); ++i)
            weights[i] = residuals[i] <= huber * scale ? 1 : huber * scale / residuals[i];
        const std::vector<double> next = non_negative(rows, weights);
        double moved = 0, size = 0;
        for (std::size_t j = 0; j < next.size(); ++j) {
            moved = std::max(moved, std::abs(next[j] - unknowns[j]));
            size = std::max(size, std::abs(next[j]));
        }
        unknowns = next;
        if (moved <= 1e-10 * size) break;
    }
    return unknowns;
}

}  // namespace

Estimate RobustFit::at(std::span<const double> row) const {
    const double value = dot(row, coefficients), count = static_cast<double>(without.size());
    double mean = 0, squares = 0;
    for (const auto& other : without) mean += dot(row, other) / count;
    for (const auto& other : without) squares += std::pow(dot(row, other) - mean, 2);
    const double error = std::sqrt((count - 1) / count * squares);
    return {value, std::max(0.0, value - 2 * error), value + 2 * error};
}

double RobustFit::held_out_median() const {
    return median(held_out);
}

std::size_t RobustFit::worst() const {
    return static_cast<std::size_t>(std::max_element(held_out.begin(), held_out.end()) - held_out.begin());
}

RobustFit robust_fit(const std::vector<std::vector<double>>& rows, const std::vector<double>& targets) {
    ISOBATCH_CHECK(!rows.empty() && rows.size() == targets.size() && rows[0].size() <= most_columns &&
                       rows.size() >= points_needed(rows[0].size()),
                   "a fit has points enough and not too many columns");
    std::vector<std::vector<double>> relative = rows;
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (double& value : relative[i]) value /= targets[i];
    RobustFit fit;
    fit.coefficients = coefficients_of(relative);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        std::vector<std::vector<double>> others = relative;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
        fit.without.push_back(coefficients_of(others));
        fit.held_out.push_back(std::abs(dot(relative[i], fit.without.back()) - 1));
    }
    return fit;
}

}  // namespace isobatch
