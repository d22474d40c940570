#pragma once

#include <cstdint>
#include <span>

#include "base/wide_sum.h"
#include "cuda/device.h"

namespace isobatch::cuda {

/// isobatch::WideSum with its limbs in memory of the GPU.
struct WideSumOnDevice : WideTally {
    std::int64_t* limbs = nullptr;  ///< zero before the first addend
    std::int64_t size = 0;          ///< elements
};

/// Adds values[i], of as many elements, to sums[i] for all i, with the bits of isobatch::add.
void add(Queue& queue, std::span<WideSumOnDevice> sums, std::span<const float* const> values);

/// Reads sums[i] to values[i] for all i, with the bits of isobatch::read.
void read(Queue& queue, std::span<const WideSumOnDevice> sums, std::span<float* const> values);

}  // namespace isobatch::cuda
