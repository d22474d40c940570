#include "tests/cuda/slow_fill.h"

#include <cstdint>

#include "cuda/succeeded.cuh"

namespace isobatch {

namespace {

/// One thread: the rest of the GPU is free for whoever does not wait.
__global__ void spin(long long cycles) {
    const long long begin = clock64();
    while (clock64() - begin < cycles) {
    }
}

__global__ void fill(float* values, std::int64_t count, float value) {
    for (std::int64_t i = blockIdx.x * std::int64_t{blockDim.x} + threadIdx.x; i < count;
         i += std::int64_t{gridDim.x} * blockDim.x)
        values[i] = value;
}

}  // namespace

void slow_fill(cuda::Stream stream, std::span<float> values, float value) {
    spin<<<1, 1, 0, stream>>>(100'000'000);  // 50 ms at 2 GHz, and more where the clock is slower
    fill<<<64, 256, 0, stream>>>(values.data(), static_cast<std::int64_t>(values.size()), value);
    cuda::succeeded(cudaGetLastError(), "starting a kernel");
}

}  // namespace isobatch
