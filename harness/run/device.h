#pragma once

#include <map>
#include <string>

#include <c10/core/Device.h>

namespace isobatch {

/// Where a trial computes: `cpu`, `cuda` (this process's own GPU: see take_gpu) or `cuda:1`. Throws Error naming
/// --device for any other text.
at::Device device_of(const std::string& text);

/// What a trial wants of a GPU's kernels beside that they repeat their bits.
struct Kernels {
    bool fused_attention = false;  ///< one kernel, or plain products where none can take the format
    bool tf32 = false;             ///< products of fp32 numbers may read their first 10 explicit bits alone
};

/// Before a trial computes in this process: loads LibTorch's part for the device, which use of the CPU never pays for,
/// and makes it repeat its bits: deterministic kernels, no sums in fewer bits, and unless they are wanted no TF32 and
/// attention as plain products. Throws Error saying what is missing.
void prepare(const at::Device& device, const Kernels& wanted = {});

/// Products of fp32 numbers on a GPU, from now on.
void allow_tf32(bool on);

/// What decides the bits of a GPU's sums, as it is set now: LibTorch's switches, and the variables that the libraries
/// of CUDA read.
std::map<std::string, std::string> numeric_switches();

/// From now on `cuda` is this GPU here, and not the first. Throws Error when there are fewer than `ranks` of them: the
/// engine that asks for it wants one for each of its ranks on this machine.
void take_gpu(int index, int ranks);

/// Waits until the device has done what it was asked for, so that a clock may be read.
void finish(const at::Device& device);

}  // namespace isobatch
