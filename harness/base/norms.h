#pragma once

#include <cstddef>
#include <span>

namespace isobatch {

/// Sums in fp64 in one fixed tree, so that they have the same bits wherever they are made: chunks of `chunk` elements,
/// in each of which column c adds its elements c, c + columns, c + 2 columns … in this order and from zero, and then
/// neighbouring columns are added until one is left; the sums of the chunks are summed in the same way. Any NaN is the
/// quiet one.
struct Norms {
    double sum = 0;
    double squares = 0;  ///< sum of squares
    double largest = 0;  ///< |element|; infinite where one is not finite

    double l2() const;
    bool operator==(const Norms&) const = default;

    static constexpr std::size_t columns = 1024, rows = 16, chunk = columns * rows;
};

Norms norms(std::span<const float> values);
Norms norms(std::span<const double> values);

/// A NaN without whatever its bits say; those that a processor gives it differ.
Norms with_quiet_nans(const Norms& norms);

}  // namespace isobatch
