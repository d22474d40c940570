#pragma once

#include <cstdint>

#include <c10/core/Device.h>

namespace isobatch {

/// What the tensors of a device hold.
struct Held {
    at::Device device;
    std::int64_t bytes;
};

/// From now on the bytes are counted that LibTorch's CPU tensors ask for, from this and every other thread. What a
/// kernel asks the C library for itself is not among them. Costs a tensor 64 bytes and two atomic additions.
void count_held_bytes();

/// Held now: on the CPU by tensors made since, 0 where nobody counts; on a GPU as its allocator counts.
Held held_now(const at::Device& device);

/// The most that was held at one time since the last call, and from then on since this one.
std::int64_t take_peak_bytes(const at::Device& device);

}  // namespace isobatch
