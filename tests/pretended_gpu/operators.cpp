/// The operators of the pretended GPU: those of the CPU, on its memory. Tensors of two devices in one call are refused,
/// as by a GPU, but for numbers without a dimension and for what copies or selects. Where the switches allow it,
/// products are of TF32 and additions by index have no order.
#include <set>
#include <string>

#include <ATen/Context.h>
#include <ATen/EmptyTensor.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_local_scalar_dense.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/relu_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <torch/library.h>

#include "tests/pretended_gpu/memory.h"

namespace {

using isobatch::pretended::Memory;

at::Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                 std::optional<at::Device> device, std::optional<bool>, std::optional<at::MemoryFormat> format) {
    at::globalContext().lazyInitDevice(c10::kCUDA);
    const c10::OptionalDeviceGuard guard(device);
    return at::detail::empty_generic(size, c10::GetAllocator(c10::kCUDA), c10::DispatchKeySet(c10::DispatchKey::CUDA),
                                     c10::dtype_or_default(dtype), format);
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> dtype,
                         std::optional<at::Layout>, std::optional<at::Device> device, std::optional<bool>) {
    at::globalContext().lazyInitDevice(c10::kCUDA);
    const c10::OptionalDeviceGuard guard(device);
    return at::detail::empty_strided_generic(size, stride, c10::GetAllocator(c10::kCUDA),
                                             c10::DispatchKeySet(c10::DispatchKey::CUDA), c10::dtype_or_default(dtype));
}

/// The same memory as the CPU's operators know it.
at::Tensor on_host(const at::Tensor& tensor) {
    if (!tensor.is_cuda()) return tensor;
    return at::from_blob(tensor.mutable_data_ptr(), tensor.sizes(), tensor.strides(),
                         tensor.options().device(at::kCPU));
}

at::Tensor& copy_(at::Tensor& to, const at::Tensor& from, bool) {
    const Memory::Access access;
    on_host(to).copy_(on_host(from));
    return to;
}

at::Scalar local_scalar_dense(const at::Tensor& tensor) {
    const Memory::Access access;
    return at::_local_scalar_dense(on_host(tensor));
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
    if (to.sizes() != from.sizes()) to.resize_(from.sizes());
    return to.copy_(from);
}

const at::Tensor& resize_(const at::Tensor& tensor, at::IntArrayRef size, std::optional<at::MemoryFormat>) {
    at::TensorImpl* impl = tensor.unsafeGetTensorImpl();
    impl->set_sizes_contiguous(size);
    const std::size_t bytes = tensor.nbytes() + static_cast<std::size_t>(tensor.storage_offset()) * tensor.itemsize();
    if (bytes > tensor.storage().nbytes()) {
        tensor.storage().set_data_ptr_noswap(c10::GetAllocator(c10::kCUDA)->allocate(bytes));
        tensor.storage().set_nbytes(bytes);
    }
    return tensor;
}

/// Of a call's tensors.
template <class Visit>
void for_each_tensor(const torch::jit::Stack& stack, std::size_t arguments, Visit visit) {
    for (const c10::IValue& value : torch::jit::last(stack, arguments)) {
        if (value.isTensor() && value.toTensor().defined()) visit(value.toTensor());
        if (value.isTensorList())
            for (const at::Tensor& tensor : value.toTensorVector()) visit(tensor);
        if (value.isOptionalTensorList())
            for (const std::optional<at::Tensor>& tensor : value.toOptionalTensorVector())
                if (tensor && tensor->defined()) visit(*tensor);
    }
}

/// What TF32 reads of an fp32 number: its first 10 explicit bits, rounded to the nearest.
at::Tensor tf32_of(const at::Tensor& tensor) {
    const at::Tensor bits = on_host(tensor).contiguous().view(at::kInt);
    return bits.add(1 << 12).bitwise_and(-(1 << 13)).view(at::kFloat).to(tensor.device());
}

/// The factors of a product are the last of its call's tensors, but for the one it is written to.
void round_factors(torch::jit::Stack& stack, std::size_t arguments) {
    std::vector<std::size_t> tensors;
    for (std::size_t at = stack.size() - arguments; at < stack.size(); ++at)
        if (stack[at].isTensor()) tensors.push_back(at);
    for (std::size_t i = tensors.size() - 3; i < tensors.size() - 1; ++i) {
        c10::IValue& factor = stack[tensors[i]];
        if (factor.toTensor().scalar_type() == at::kFloat) factor = tf32_of(factor.toTensor());
    }
}

/// Atomics come in another order from call to call: here they begin one further each time.
void turn_round(torch::jit::Stack& stack, std::size_t arguments) {
    static std::int64_t calls = 0;
    ++calls;
    const std::size_t first = stack.size() - arguments;  // of self, dim, index, source, alpha, out
    c10::IValue& index = stack[first + 2];
    c10::IValue& source = stack[first + 3];
    source = source.toTensor().roll(calls, stack[first + 1].toInt());
    index = index.toTensor().roll(calls, 0);
}

void by_the_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
    static const std::set<std::string> mixing{"aten::index.Tensor", "aten::index_put_", "aten::_index_put_impl_"};
    const std::string& name = op.schema().name();
    for_each_tensor(*stack, op.schema().arguments().size(), [&](const at::Tensor& tensor) {
        TORCH_CHECK(tensor.is_cuda() || tensor.dim() == 0 || mixing.contains(name), name,
                    ": Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!");
    });
    // These reach a device by the variant that writes to a given tensor.
    static const std::set<std::string> products{"aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm"};
    const bool out = op.schema().overload_name() == "out";
    const Memory::Access access;
    const std::size_t arguments = op.schema().arguments().size();
    if (out && products.contains(name) && at::globalContext().allowTF32CuBLAS()) round_factors(*stack, arguments);
    if (out && name == "aten::index_add" && !at::globalContext().deterministicAlgorithms())
        turn_round(*stack, arguments);
    at::native::cpu_fallback(op, stack);
}

}  // namespace

TORCH_LIBRARY_IMPL(_, CUDA, library) {
    library.fallback(torch::CppFunction::makeFromBoxedFunction<&by_the_cpu>());
}

TORCH_LIBRARY_IMPL(aten, CUDA, library) {
    library.impl("empty.memory_format", &empty);
    library.impl("empty_strided", &empty_strided);
    library.impl("copy_", &copy_);
    library.impl("_copy_from_and_resize", &copy_from_and_resize);
    library.impl("_local_scalar_dense", &local_scalar_dense);
    library.impl("resize_", &resize_);
    library.impl("as_strided", at::native::as_strided_tensorimpl);
    library.impl("view", at::native::view);
    library.impl("_reshape_alias", at::native::_reshape_alias);
    library.impl("unfold", at::native::unfold);
    library.impl("relu", TORCH_FN(at::native::relu));  // calls another operator, there as here
}
