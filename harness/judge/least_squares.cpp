#include "judge/least_squares.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"

namespace isobatch {

namespace {

using Column = std::vector<double>;

double dot(const Column& a, const Column& b, std::size_t from) {
    double sum = 0;
    for (std::size_t i = from; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

/// target -= 2 v (v·target) over rows from `from`; v has unit length there.
void reflect(const Column& v, Column& target, std::size_t from) {
    const double twice = 2 * dot(v, target, from);
    for (std::size_t i = from; i < v.size(); ++i) target[i] -= twice * v[i];
}

constexpr double rank_limit = 0x1p-40;

}  // namespace

std::vector<double> singular_values(std::vector<Column> columns) {
    for (int sweep = 0; sweep < 60; ++sweep) {
        bool rotated = false;
        for (std::size_t p = 0; p + 1 < columns.size(); ++p) {
            for (std::size_t q = p + 1; q < columns.size(); ++q) {
                const double a = dot(columns[p], columns[p], 0), b = dot(columns[q], columns[q], 0),
                             c = dot(columns[p], columns[q], 0);
                if (std::abs(c) <= 1e-15 * std::sqrt(a * b)) continue;
                rotated = true;
                const double zeta = (b - a) / (2 * c);
                const double t = (zeta >= 0 ? 1 : -1) / (std::abs(zeta) + std::sqrt(1 + zeta * zeta));
                const double cosine = 1 / std::sqrt(1 + t * t), sine = cosine * t;
                for (std::size_t i = 0; i < columns[p].size(); ++i) {
                    const double x = columns[p][i], y = columns[q][i];
                    columns[p][i] = cosine * x - sine * y;
                    columns[q][i] = sine * x + cosine * y;
                }
            }
        }
        if (!rotated) break;
    }
    std::vector<double> values;
    for (const Column& column : columns) values.push_back(std::sqrt(dot(column, column, 0)));
    std::sort(values.rbegin(), values.rend());
    return values;
}

LeastSquares::LeastSquares(std::vector<Column> columns) : columns_(std::move(columns)), order_(columns_.size()) {
    std::iota(order_.begin(), order_.end(), 0);
    const std::size_t n = columns_.size();
    for (const Column& column : columns_)
        ISOBATCH_CHECK(column.size() == columns_[0].size() && column.size() >= n,
                       "columns of one length, at least their number");
    diagonal_.assign(n, 0);
    for (std::size_t k = 0; k < n; ++k) {
        std::size_t largest = k;  // what is left of each column is recomputed: n is small and down-dating loses digits
        double square = -1;
        for (std::size_t j = k; j < n; ++j) {
            const double candidate = dot(columns_[j], columns_[j], k);
            if (candidate > square) {
                square = candidate;
                largest = j;
            }
        }
        std::swap(columns_[k], columns_[largest]);
        std::swap(order_[k], order_[largest]);
        const double norm = std::sqrt(square);
        if (!(norm > rank_limit * std::abs(diagonal_[0])) || norm == 0) break;
        Column& v = columns_[k];
        diagonal_[k] = v[k] > 0 ? -norm : norm;  // the sign that does not cancel
        v[k] -= diagonal_[k];
        const double length = std::sqrt(dot(v, v, k));
        for (std::size_t i = k; i < v.size(); ++i) v[i] /= length;
        for (std::size_t j = k + 1; j < n; ++j) reflect(v, columns_[j], k);
        rank_ = static_cast<int>(k) + 1;
    }
    condition_ = std::numeric_limits<double>::infinity();
    if (rank_ < static_cast<int>(n) || n == 0) return;
    std::vector<Column> triangle(n, Column(n, 0));
    for (std::size_t j = 0; j < n; ++j) {
        std::copy_n(columns_[j].begin(), j, triangle[j].begin());
        triangle[j][j] = diagonal_[j];
    }
    const std::vector<double> values = singular_values(std::move(triangle));
    condition_ = values.front() / values.back();
}

LeastSquares::Solution LeastSquares::solve(Column rhs) const {
    ISOBATCH_CHECK(rank_ == columns() && !columns_.empty() && rhs.size() == columns_[0].size(),
                   "a unique solution is asked of a full-rank system");
    const double size = std::sqrt(dot(rhs, rhs, 0));
    const std::size_t n = columns_.size();
    for (std::size_t k = 0; k < n; ++k) reflect(columns_[k], rhs, k);
    Solution solution{Column(n, 0), size == 0 ? 0 : std::sqrt(dot(rhs, rhs, n)) / size};
    for (std::size_t k = n; k-- > 0;) {
        double value = rhs[k];
        for (std::size_t j = k + 1; j < n; ++j)
            value -= columns_[j][k] * solution.weights[static_cast<std::size_t>(order_[j])];
        solution.weights[static_cast<std::size_t>(order_[k])] = value / diagonal_[k];
    }
    return solution;
}

}  // namespace isobatch
