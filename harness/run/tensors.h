#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "plan/recipe.h"
#include "trace/tensor.h"

namespace isobatch {

/// What the recipe makes a model in; autocast leaves it in fp32.
at::ScalarType scalar_type(Recipe recipe);

/// A trace tensor over the memory of a contiguous CPU copy of `tensor`; no copy is made where it is one already, so the
/// caller must not write to it afterwards.
Tensor view_of(const at::Tensor& tensor);

/// view_of a copy: safe to keep while training goes on.
Tensor snapshot(const at::Tensor& tensor);

/// The values of a trace tensor as a LibTorch tensor over the same memory, valid while `tensor` lives.
at::Tensor borrow(const Tensor& tensor);

/// Of its elements as they lie in memory, whatever they are.
std::string digest_of(const at::Tensor& tensor);

/// 0 of a tensor that is not defined.
std::int64_t bytes_of(const at::Tensor& tensor);
std::int64_t bytes_of(const std::vector<at::Tensor>& tensors);

/// The largest |entry|; NaN where one is NaN.
double largest_entry(const at::Tensor& tensor);

}  // namespace isobatch
