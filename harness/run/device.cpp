#include "run/device.h"

#include <dlfcn.h>
#include <cstdlib>

#include <fmt/format.h>

#include <ATen/Context.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

/// A process computes on one GPU: several of them are the affair of several ranks.
at::DeviceIndex own_gpu = 0;

constexpr const char* choose = "choose cpu; isobatch doctor lists what was found";

void load_cuda() {
    // cuBLAS reads it when it is first used; without it two runs of one product may differ.
    ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
    if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL)) return;
    const char* reason = ::dlerror();
    throw Error(fmt::format("LibTorch's part for CUDA cannot be loaded: {}", printable(reason ? reason : "no reason")),
                "--device", choose);
}

int gpu_count() {
    return c10::impl::VirtualGuardImpl(at::kCUDA).deviceCount();
}

void repeat_bits() {
    at::Context& context = at::globalContext();
    context.setDeterministicAlgorithms(true, false);
    context.setDeterministicCuDNN(true);
    context.setBenchmarkCuDNN(false);
    context.setAllowTF32CuBLAS(false);
    context.setAllowTF32CuDNN(false);
    context.setAllowFP16ReductionCuBLAS(false);
    context.setAllowBF16ReductionCuBLAS(false);
    context.setSDPUseFlash(false);
    context.setSDPUseMemEfficient(false);
    context.setSDPUseCuDNN(false);
}

}  // namespace

at::Device device_of(const std::string& text) {
    if (text == "cpu") return at::kCPU;
    if (text == "cuda") return {at::kCUDA, own_gpu};
    constexpr std::string_view numbered = "cuda:";
    const auto index = text.starts_with(numbered) ? whole_number(text.substr(numbered.size())) : std::nullopt;
    if (!index || *index < 0 || *index > 127)
        throw Error(fmt::format("unknown device \"{}\"", printable(text)), "--device", "choose cpu, cuda or cuda:N");
    return {at::kCUDA, static_cast<at::DeviceIndex>(*index)};
}

void prepare(const at::Device& device) {
    if (device.is_cpu()) return;
    load_cuda();
    const int count = gpu_count();
    if (device.index() >= count)
        throw Error(fmt::format("no GPU {} for --device cuda: {} found", device.index(), count), "--device", choose);
    repeat_bits();
}

void take_gpu(int index, int ranks) {
    load_cuda();
    const int count = gpu_count();
    if (ranks > count)
        throw Error(fmt::format("the nccl engine wants one GPU a rank: {} rank{} on this machine, {} GPU{} found",
                                ranks, ranks == 1 ? "" : "s", count, count == 1 ? "" : "s"),
                    "--engine", "choose --engine gloo, whose ranks share a GPU, or fewer devices with --max-devices");
    own_gpu = static_cast<at::DeviceIndex>(index);
    c10::impl::VirtualGuardImpl(at::kCUDA).setDevice({at::kCUDA, own_gpu});
}

void finish(const at::Device& device) {
    if (!device.is_cpu()) c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
}

}  // namespace isobatch
