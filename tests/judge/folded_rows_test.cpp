#include "judge/folded_rows.h"

#include <algorithm>
#include <cmath>

#include "base/seed.h"
#include "judge/least_squares.h"
#include "tests/base/expect.h"

namespace isobatch {
namespace {

using Columns = std::vector<std::vector<double>>;

/// `alike`: how much of every column but the first is the first one.
Columns random_columns(std::size_t rows, std::size_t count, double alike, std::uint64_t seed) {
    Random random(Seed{seed});
    Columns columns(count, std::vector<double>(rows));
    for (std::size_t c = 0; c < count; ++c)
        for (std::size_t i = 0; i < rows; ++i)
            columns[c][i] = c == 0 ? random.normal() : alike * columns[0][i] + (1 - alike) * random.normal();
    return columns;
}

FoldedRows folded(const Columns& columns, std::size_t block) {
    FoldedRows rows(columns.size());
    for (std::size_t begin = 0; begin < columns[0].size(); begin += block) {
        const std::size_t end = std::min(begin + block, columns[0].size());
        Columns part;
        for (const auto& column : columns)
            part.emplace_back(column.begin() + static_cast<std::ptrdiff_t>(begin),
                              column.begin() + static_cast<std::ptrdiff_t>(end));
        rows.add(std::move(part));
    }
    return rows;
}

LeastSquares::Solution solution(Columns columns) {
    std::vector<double> rhs = std::move(columns.back());
    columns.pop_back();
    return LeastSquares(std::move(columns)).solve(std::move(rhs));
}

TEST(FoldedRows, HaveTheSolutionAndTheResidualOfAllRows) {
    for (const double alike : {0.0, 0.999, 1 - 1e-7})
        for (const std::size_t block : {1u, 3u, 64u, 1000u}) {
            const Columns columns = random_columns(500, 6, alike, 3);
            Columns system = columns;
            system.pop_back();
            const double condition = LeastSquares(system).condition();
            const FoldedRows rows = folded(columns, block);
            EXPECT_EQ(rows.rows(), 500u);
            const auto all = solution(columns), few = solution(rows.columns());
            ASSERT_EQ(few.weights.size(), 5u);
            for (std::size_t c = 0; c < 5; ++c)
                EXPECT_NEAR(few.weights[c], all.weights[c],
                            0x1p-49 * condition * std::max(1.0, std::abs(all.weights[0])))
                    << alike << " " << block;
            EXPECT_NEAR(few.residual, all.residual, 0x1p-46) << alike;
            Columns triangle = rows.columns();
            triangle.pop_back();
            EXPECT_NEAR(LeastSquares(triangle).condition() / condition, 1, 1e-6);
        }
}

TEST(FoldedRows, AreAnUpperTriangle) {
    const FoldedRows rows = folded(random_columns(40, 5, 0.5, 1), 7);
    for (std::size_t c = 0; c < 5; ++c)
        for (std::size_t i = c + 1; i < 5; ++i) EXPECT_EQ(rows.columns()[c][i], 0);
}

TEST(FoldedRows, OfZerosAreZeros) {
    FoldedRows rows(3);
    rows.add(Columns(3, std::vector<double>(8, 0)));
    EXPECT_EQ(rows.columns(), Columns(3, std::vector<double>(3, 0)));
    Columns one(3, std::vector<double>(8, 0));
    one[1][4] = -2;
    rows.add(one);
    EXPECT_EQ(std::abs(rows.columns()[1][1]), 2);
    EXPECT_EQ(rows.columns()[0][0], 0);
}

TEST(FoldedRows, FewerRowsThanColumnsLeaveARankBelowFull) {
    Columns triangle = folded(random_columns(3, 5, 0, 2), 2).columns();
    EXPECT_EQ(LeastSquares(triangle).rank(), 3);
}

}  // namespace
}  // namespace isobatch
