#pragma once

#include <cuda_runtime_api.h>

#include "base/error.h"

namespace isobatch::cuda {

/// Throws Error unless a call of the CUDA runtime succeeded. `act` says what it was for.
inline void succeeded(cudaError_t code, const char* act) {
    if (code == cudaSuccess) return;
    throw Error(std::string(act) + " failed: " + cudaGetErrorString(code), "CUDA",
                "see nvidia-smi; memory may be short, or the driver older than this program's toolkit");
}

}  // namespace isobatch::cuda
