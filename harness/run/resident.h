#pragma once

#include <cstdint>

namespace isobatch {

/// The most bytes of memory that this process had, libraries and its own work included, since the last
/// forget_resident_peak, or since it began where the system cannot forget.
std::int64_t resident_peak_bytes();
void forget_resident_peak();

}  // namespace isobatch
