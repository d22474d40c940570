#include "judge/folded_rows.h"

#include <cmath>

#include "base/check.h"

namespace isobatch {

namespace {

using Column = std::vector<double>;

double dot(const Column& a, const Column& b) {
    double sums[4] = {};  // side by side, which a single one would keep the processor from
    std::size_t i = 0;
    for (; i + 4 <= a.size(); i += 4)
        for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += a[i + lane] * b[i + lane];
    for (; i < a.size(); ++i) sums[0] += a[i] * b[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

FoldedRows::FoldedRows(std::size_t columns) : columns_(columns, Column(columns, 0)) {}

void FoldedRows::add(std::vector<Column> block) {
    ISOBATCH_CHECK(block.size() == columns_.size(), "a part of every column");
    for (const Column& part : block) ISOBATCH_CHECK(part.size() == block[0].size(), "parts of one length");
    rows_ += block.empty() ? 0 : block[0].size();
    for (std::size_t k = 0; k < columns_.size(); ++k) {
        // The reflection that leaves of this column its row k alone; above it the triangle stands, below it is empty.
        double& diagonal = columns_[k][k];
        const double below = dot(block[k], block[k]);
        if (below == 0) continue;
        const double norm = std::sqrt(diagonal * diagonal + below);
        const double left = diagonal > 0 ? -norm : norm;  // the sign that does not cancel
        const double head = diagonal - left;
        const double twice = 2 / (head * head + below);
        diagonal = left;
        for (std::size_t j = k + 1; j < columns_.size(); ++j) {
            const double along = twice * (head * columns_[j][k] + dot(block[k], block[j]));
            columns_[j][k] -= along * head;
            for (std::size_t i = 0; i < block[j].size(); ++i) block[j][i] -= along * block[k][i];
        }
    }
}

}  // namespace isobatch
