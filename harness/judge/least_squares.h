#pragma once

#include <vector>

namespace isobatch {

/// The columns of a tall matrix, factored once by Householder QR with column pivoting (backward stable: the error of a
/// solution is about u · condition, where normal equations would give its square).
class LeastSquares {
public:
    /// `columns` all have one length of at least their number.
    explicit LeastSquares(std::vector<std::vector<double>> columns);

    /// Columns that the others do not explain, to 2^-40 of the largest; fewer than columns() means that no unique
    /// solution exists.
    int rank() const { return rank_; }
    int columns() const { return static_cast<int>(columns_.size()); }
    /// Largest ÷ smallest singular value; infinite below full rank.
    double condition() const { return condition_; }

    struct Solution {
        std::vector<double> weights;  ///< one a column, in the given order
        double residual = 0;          ///< |rhs - columns · weights| ÷ |rhs|; 0 for a zero right-hand side
    };
    /// Requires full rank. `rhs` has the columns' length.
    Solution solve(std::vector<double> rhs) const;

private:
    std::vector<std::vector<double>> columns_;  ///< R above the diagonal, the reflectors on and below it
    std::vector<double> diagonal_;              ///< R's diagonal
    std::vector<int> order_;                    ///< order_[k]: which given column stands at k
    int rank_ = 0;
    double condition_ = 0;
};

/// Singular values of a small matrix given by columns, descending (one-sided Jacobi).
std::vector<double> singular_values(std::vector<std::vector<double>> columns);

}  // namespace isobatch
