#include "run/tensors.h"

#include <ATen/ops/abs.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/max.h>

#include "base/check.h"
#include "base/digest.h"

namespace isobatch {

at::ScalarType scalar_type(Recipe recipe) {
    switch (recipe) {
        case Recipe::fp64:
            return at::kDouble;
        case Recipe::fp32:
        case Recipe::bf16_autocast:
        case Recipe::fp16_autocast:
        case Recipe::tf32:
            return at::kFloat;
        case Recipe::bf16:
        case Recipe::bf16_sum:
            return at::kBFloat16;
        case Recipe::fp16_sum:
            return at::kHalf;
    }
    broken_promise("recipe", "unknown recipe", __FILE__, __LINE__);
}

namespace {

constexpr std::pair<at::ScalarType, Dtype> dtypes[] = {{at::kDouble, Dtype::f64}, {at::kFloat, Dtype::f32},
                                                       {at::kHalf, Dtype::f16},   {at::kBFloat16, Dtype::bf16},
                                                       {at::kLong, Dtype::i64},   {at::kInt, Dtype::i32}};

}  // namespace

Tensor view_of(const at::Tensor& tensor) {
    auto owner = std::make_shared<const at::Tensor>(tensor.detach().to(at::kCPU).contiguous());
    Tensor view;
    bool known = false;
    for (const auto& [torch_dtype, dtype] : dtypes)
        if (owner->scalar_type() == torch_dtype) {
            view.dtype = dtype;
            known = true;
        }
    ISOBATCH_CHECK(known, "a trace holds floating-point and integer tensors");
    view.shape = owner->sizes().vec();
    view.bytes = {static_cast<const std::byte*>(owner->const_data_ptr()), owner->nbytes()};
    view.owner = owner;
    return view;
}

Tensor snapshot(const at::Tensor& tensor) {
    return view_of(tensor.detach().clone());
}

at::Tensor borrow(const Tensor& tensor) {
    for (const auto& [torch_dtype, dtype] : dtypes)
        if (tensor.dtype == dtype)
            // from_blob takes a mutable pointer; what is borrowed is only ever copied from.
            return at::from_blob(const_cast<std::byte*>(tensor.bytes.data()), tensor.shape,
                                 at::TensorOptions().dtype(torch_dtype));
    broken_promise("dtype", "a trace tensor has a LibTorch dtype", __FILE__, __LINE__);
}

std::string digest_of(const at::Tensor& tensor) {
    const at::Tensor here = tensor.detach().to(at::kCPU).contiguous();
    return xxh3_digest({static_cast<const std::byte*>(here.const_data_ptr()), here.nbytes()});
}

std::int64_t bytes_of(const at::Tensor& tensor) {
    return tensor.defined() ? static_cast<std::int64_t>(tensor.nbytes()) : 0;
}

std::int64_t bytes_of(const std::vector<at::Tensor>& tensors) {
    std::int64_t bytes = 0;
    for (const at::Tensor& tensor : tensors) bytes += bytes_of(tensor);
    return bytes;
}

double largest_entry(const at::Tensor& tensor) {
    return tensor.numel() == 0 ? 0.0 : tensor.abs().max().item<double>();
}

}  // namespace isobatch
