#pragma once

#include <ATen/core/Tensor.h>

namespace isobatch {

/// At least fp32: losses are taken of logits that were widened, as trainers in bf16 do.
inline at::Tensor widened(const at::Tensor& tensor) {
    return at::isReducedFloatingType(tensor.scalar_type()) ? tensor.to(at::kFloat) : tensor;
}

}  // namespace isobatch
