#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace isobatch {

/// A value, and where it lies: two standard errors to either side, as leaving out each point in turn moves it.
struct Estimate {
    double value = 0, low = 0, high = 0;
};

/// targets[i] ≈ rows[i] · coefficients, where no coefficient is negative: they are costs.
struct RobustFit {
    std::vector<double> coefficients;
    std::vector<std::vector<double>> without;  ///< without[i]: the coefficients of a fit that has not seen point i
    std::vector<double> held_out;  ///< |predicted - target| ÷ target of point i by the fit that has not seen it

    Estimate at(std::span<const double> row) const;
    double held_out_median() const;
    /// The point that is predicted worst.
    std::size_t worst() const;
};

/// The most columns that a fit may have.
inline constexpr std::size_t most_columns = 4;

/// Points that a fit of so many columns takes, so that each can be left out and what remains still has a residual.
constexpr std::size_t points_needed(std::size_t columns) {
    return columns + 2;
}

/// By Huber's M-estimator on relative residuals, so that a few points that something else slowed do not decide. Columns
/// that the points cannot tell apart share what they explain: the first of them has it. Intervals are jackknifed: of
/// few points a bootstrap would often resample too few different ones to have a fit at all, and leaving out each in
/// turn also says how well a point is predicted that was not seen. `targets` are positive, and there are
/// `points_needed` of them at least.
RobustFit robust_fit(const std::vector<std::vector<double>>& rows, const std::vector<double>& targets);

}  // namespace isobatch
