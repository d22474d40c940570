#pragma once

#include <cstdint>
#include <span>

namespace isobatch {

/// What one fast look over two spans of one length finds.
struct Scan {
    double largest = 0;     ///< distance of two elements, where it is a number
    std::int64_t over = 0;  ///< how many distances are not within the allowed one, with those that are no numbers
};

/// With the widest vectors that this machine has; the answer does not depend on them.
Scan scan(std::span<const double> a, std::span<const double> b, double allowed);
Scan scan(std::span<const float> a, std::span<const double> b, double allowed);
Scan scan(std::span<const float> a, std::span<const float> b, double allowed);
/// Against zeros.
Scan scan(std::span<const double> a, double allowed);
Scan scan(std::span<const float> a, double allowed);

}  // namespace isobatch
