#pragma once

#include <functional>

#include <ATen/core/Tensor.h>

#include "base/seed.h"

namespace isobatch {

/// fp64, each entry drawn in turn.
at::Tensor drawn(at::IntArrayRef shape, const std::function<double()>& draw);

/// Normal numbers of this standard deviation, rounded to fp32, so that they are the same in every precision that a case
/// runs in.
at::Tensor draw_normal(at::IntArrayRef shape, double deviation, Seed seed);

}  // namespace isobatch
