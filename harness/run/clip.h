#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "judge/clip_factor.h"

namespace isobatch {

/// What clipping by the global norm did to the gradients of one rank.
struct Clip {
    double norm = 0;
    double threshold = 0;
    double factor = 1;  ///< what they were multiplied by
};

/// LibTorch's own clip_grad_value_.
void clip_by_value(const std::vector<at::Tensor>& parameters, double largest);

/// LibTorch's own clip_grad_norm_.
Clip clip_by_norm(const std::vector<at::Tensor>& parameters, double threshold);

}  // namespace isobatch
