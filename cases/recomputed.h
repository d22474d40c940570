#pragma once

#include <functional>

#include <ATen/core/Tensor.h>

namespace isobatch {

/// What `part` makes of x. Nothing between is kept for the backward, which runs `part` once more: gradient
/// checkpointing, which trades time for memory as small micros do. `parameters` are those that `part` reads, which must
/// do the same both times; the formats that operators choose are those of the first time.
at::Tensor recomputed(std::function<at::Tensor(const at::Tensor& x)> part, const at::Tensor& x,
                      at::TensorList parameters);

}  // namespace isobatch
