#pragma once

#include <span>
#include <vector>

#include "base/norms.h"
#include "cuda/device.h"
#include "cuda/values.h"

namespace isobatch::cuda {

/// The norms of each tensor, in their fixed tree: with the bits of isobatch::norms.
std::vector<Norms> tree_norms(Queue& queue, std::span<const Values> tensors);

}  // namespace isobatch::cuda
