#pragma once

#include <cstddef>
#include <vector>

namespace isobatch {

/// A tall system whose rows come in blocks and are not kept: each is folded into as many rows as there are columns, by
/// the reflections that a QR of all rows at once would make, so that no digit is lost. However tall it is, it takes the
/// memory of one block.
class FoldedRows {
public:
    explicit FoldedRows(std::size_t columns);

    /// The next rows: their part of each column, all of one length.
    void add(std::vector<std::vector<double>> block);

    /// The columns of an upper triangle that has the solutions, the residuals and the singular values of all rows.
    const std::vector<std::vector<double>>& columns() const { return columns_; }
    /// How many rows were added.
    std::size_t rows() const { return rows_; }

private:
    std::vector<std::vector<double>> columns_;
    std::size_t rows_ = 0;
};

}  // namespace isobatch
