#pragma once

#include <cstdint>
#include <span>

#include "base/exact_sum.h"
#include "cuda/device.h"
#include "cuda/values.h"

namespace isobatch::cuda {

/// isobatch::ExactSum with its counts in memory of the GPU.
struct ExactSumOnDevice : Tally {
    std::int64_t* counts = nullptr;  ///< zero before the first addend
    std::int64_t size = 0;           ///< elements
};

/// Adds weight × values[i] to sums[i] for all i, with the bits of isobatch::add.
void add(Queue& queue, std::span<ExactSumOnDevice> sums, std::span<const Values> values, double weight = 1);

/// Writes sums[i] to the numbers at values[i] for all i, with the bits of isobatch::read.
void read(Queue& queue, std::span<const ExactSumOnDevice> sums, std::span<double* const> values);
void read(Queue& queue, std::span<const ExactSumOnDevice> sums, std::span<float* const> values);

}  // namespace isobatch::cuda
