#pragma once

#include <span>
#include <vector>

#include "base/gap.h"
#include "cuda/device.h"
#include "cuda/values.h"

namespace isobatch::cuda {

/// Two tensors of one size; b not narrower than a.
struct PairOfValues {
    Values a, b;
};

/// The gap of each pair, with the bits of isobatch::gap.
std::vector<Gap> gaps(Queue& queue, std::span<const PairOfValues> pairs, double allowed);

}  // namespace isobatch::cuda
