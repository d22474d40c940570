#include "base/norms.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace isobatch {

namespace {

constexpr std::size_t columns = Norms::columns;
using Columns = double[columns];

/// Adds neighbours until one is left.
double folded(Columns& sums) {
    for (std::size_t width = columns / 2; width > 0; width /= 2)
        for (std::size_t i = 0; i < width; ++i) sums[i] = sums[2 * i] + sums[2 * i + 1];
    return sums[0];
}

void add_row(std::span<const double> row, Columns& sums) {
    for (std::size_t i = 0; i < row.size(); ++i) sums[i] += row[i];
}

double fixed_tree_sum(std::vector<double> values) {
    if (values.empty()) return 0;
    while (values.size() > 1) {
        std::vector<double> sums;
        for (std::size_t begin = 0; begin < values.size(); begin += Norms::chunk) {
            const std::size_t end = std::min(begin + Norms::chunk, values.size());
            Columns column{};
            for (std::size_t row = begin; row < end; row += columns)
                add_row(std::span<const double>(values).subspan(row, std::min(columns, end - row)), column);
            sums.push_back(folded(column));
        }
        values = std::move(sums);
    }
    return values[0];
}

template <class T>
Norms norms_of(std::span<const T> values) {
    std::vector<double> sums, squares;
    double largest = 0;
    for (std::size_t begin = 0; begin < values.size(); begin += Norms::chunk) {
        const std::size_t end = std::min(begin + Norms::chunk, values.size());
        Columns sum{}, square{};
        for (std::size_t row = begin; row < end; row += columns)
            for (std::size_t i = 0; i < std::min(columns, end - row); ++i) {
                const double value = static_cast<double>(values[row + i]);
                sum[i] += value;
                square[i] += value * value;
                if (!(std::abs(value) <= largest))
                    largest = std::isfinite(value) ? std::abs(value) : std::numeric_limits<double>::infinity();
            }
        sums.push_back(folded(sum));
        squares.push_back(folded(square));
    }
    return with_quiet_nans({fixed_tree_sum(std::move(sums)), fixed_tree_sum(std::move(squares)), largest});
}

double quiet(double value) {
    return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
}

}  // namespace

double Norms::l2() const {
    return std::sqrt(squares);
}

Norms norms(std::span<const float> values) {
    return norms_of(values);
}

Norms norms(std::span<const double> values) {
    return norms_of(values);
}

Norms with_quiet_nans(const Norms& norms) {
    return {quiet(norms.sum), quiet(norms.squares), norms.largest};
}

}  // namespace isobatch
