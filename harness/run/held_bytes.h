#pragma once

#include <cstdint>

namespace isobatch {

/// From now on the bytes are counted that LibTorch's CPU tensors ask for, from this and every other thread. What a
/// kernel asks the C library for itself is not among them. Costs a tensor 64 bytes and two atomic additions.
void count_held_bytes();

/// Held now by tensors made since; 0 where nobody counts.
std::int64_t held_bytes();

/// The most that was held at one time since the last call, and from then on since this one.
std::int64_t take_peak_bytes();

}  // namespace isobatch
