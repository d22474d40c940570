#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/sum_digest.h"
#include "cuda/device.h"

namespace isobatch::cuda {

/// The digest of each tensor's bytes, in memory of the GPU, with the bits of isobatch::sum_digest.
std::vector<SumDigest> digests(Queue& queue, std::span<const std::span<const std::byte>> tensors);

}  // namespace isobatch::cuda
