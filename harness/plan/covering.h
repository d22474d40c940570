#pragma once

#include <cstddef>
#include <vector>

namespace isobatch {

/// One choice for each factor.
using Row = std::vector<int>;

/// A covering array: each combination of choices that any `strength` factors can make, factor f having levels[f] of
/// them, is in at least one row. A fault that takes `strength` choices to show is then in some row, at a small share of
/// the rows of the full product. The same arguments give the same rows. Throws Error where strength is not from 1 to
/// the number of factors, and where there are more combinations than memory should hold (2^24).
std::vector<Row> covering_rows(const std::vector<int>& levels, int strength);

/// Rows of the full product.
double full_product(const std::vector<int>& levels);

}  // namespace isobatch
