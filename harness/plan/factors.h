#pragma once

#include <cstdint>
#include <string>

#include "plan/split.h"

namespace isobatch {

/// A count, and in whose words it was given. 0: open.
struct Factor {
    std::int64_t value = 0;
    std::string name;        ///< for an open one, what would give it
    bool automatic = false;  ///< it is `auto`: left to something that is not here

    bool known() const { return value > 0; }
};

/// The effective batch as a product.
struct Factors {
    Factor per_device, accum, devices, effective;
};

/// Takes what another name says of the same count. Throws Error when both say different numbers.
void merge(Factor& factor, const Factor& other);

/// The one factor that is still open becomes what the product makes it. Throws Error when more are open, when the
/// product leaves a remainder, and when nothing is open and the product is another.
Split solved(const Factors& factors);

/// How many factors are open.
int open_factors(const Factors& factors);

}  // namespace isobatch
