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

/// What the libraries of CUDA read when they are first used. Without the first, two runs of one product may differ;
/// without the second, NCCL sums in the network's switches, or in another order for another size.
constexpr const char* variables[][2] = {{"CUBLAS_WORKSPACE_CONFIG", ":4096:8"}, {"NCCL_ALGO", "Ring"}};

void load_cuda() {
    for (const auto& [name, value] : variables) ::setenv(name, value, 0);
    ::unsetenv("NVIDIA_TF32_OVERRIDE");  // it would decide for the whole process, whatever a trial's recipe says
    if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL)) return;
    const char* reason = ::dlerror();
    throw Error(fmt::format("LibTorch's part for CUDA cannot be loaded: {}", printable(reason ? reason : "no reason")),
                "--device", choose);
}

int gpu_count() {
    return c10::impl::VirtualGuardImpl(at::kCUDA).deviceCount();
}

void repeat_bits(const Kernels& wanted) {
    at::Context& context = at::globalContext();
    context.setDeterministicAlgorithms(true, false);
    context.setDeterministicCuDNN(true);
    context.setBenchmarkCuDNN(false);
    allow_tf32(wanted.tf32);
    context.setAllowFP16ReductionCuBLAS(false);
    context.setAllowBF16ReductionCuBLAS(false);
    // Under deterministic algorithms both add what a backward sums in a fixed order, and cuDNN's kernel is refused.
    context.setSDPUseFlash(wanted.fused_attention);
    context.setSDPUseMemEfficient(wanted.fused_attention);
    context.setSDPUseCuDNN(false);
}

}  // namespace

void allow_tf32(bool on) {
    at::globalContext().setAllowTF32CuBLAS(on);
    at::globalContext().setAllowTF32CuDNN(on);
}

std::map<std::string, std::string> numeric_switches() {
    at::Context& context = at::globalContext();
    const auto said = [](bool on) { return on ? "on" : "off"; };
    constexpr auto fewer_bits = at::CuBLASReductionOption::AllowReducedPrecisionWithSplitK;
    std::map<std::string, std::string> all{{"deterministic_algorithms", said(context.deterministicAlgorithms())},
                                           {"cudnn_deterministic", said(context.deterministicCuDNN())},
                                           {"cudnn_benchmark", said(context.benchmarkCuDNN())},
                                           {"tf32_cublas", said(context.allowTF32CuBLAS())},
                                           {"tf32_cudnn", said(context.allowTF32CuDNN())},
                                           {"sdp_flash", said(context.userEnabledFlashSDP())},
                                           {"sdp_mem_efficient", said(context.userEnabledMemEfficientSDP())},
                                           {"sdp_cudnn", said(context.userEnabledCuDNNSDP())},
                                           {"fp16_reduction", said(context.allowFP16ReductionCuBLAS() == fewer_bits)},
                                           {"bf16_reduction", said(context.allowBF16ReductionCuBLAS() == fewer_bits)}};
    for (const auto& [name, value] : variables)
        if (const char* set = std::getenv(name)) all[name] = set;
    return all;
}

at::Device device_of(const std::string& text) {
    if (text == "cpu") return at::kCPU;
    if (text == "cuda") return {at::kCUDA, own_gpu};
    constexpr std::string_view numbered = "cuda:";
    const auto index = text.starts_with(numbered) ? whole_number(text.substr(numbered.size())) : std::nullopt;
    if (!index || *index < 0 || *index > 127)
        throw Error(fmt::format("unknown device \"{}\"", printable(text)), "--device", "choose cpu, cuda or cuda:N");
    return {at::kCUDA, static_cast<at::DeviceIndex>(*index)};
}

void prepare(const at::Device& device, const Kernels& wanted) {
    if (device.is_cpu()) return;
    load_cuda();
    const int count = gpu_count();
    if (device.index() >= count)
        throw Error(fmt::format("no GPU {} for --device cuda: {} found", device.index(), count), "--device", choose);
    at::globalContext().lazyInitDevice(at::kCUDA);  // or its allocator cannot be asked yet what it holds
    repeat_bits(wanted);
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
