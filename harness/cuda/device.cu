#include "cuda/device.h"

#include "cuda/succeeded.cuh"

namespace isobatch::cuda {

std::string why_unavailable() {
    int devices = 0;
    const cudaError_t code = cudaGetDeviceCount(&devices);
    if (code != cudaSuccess) return std::string("no CUDA device can be used: ") + cudaGetErrorString(code);
    return devices == 0 ? "this machine has no CUDA device" : "";
}

std::string description() {
    int device = 0, driver = 0;
    cudaDeviceProp properties{};
    succeeded(cudaGetDevice(&device), "asking for the device");
    succeeded(cudaGetDeviceProperties(&properties, device), "asking for the device's properties");
    succeeded(cudaDriverGetVersion(&driver), "asking for the driver's version");
    return std::string(properties.name) + ", sm_" + std::to_string(properties.major) +
           std::to_string(properties.minor) + ", " + std::to_string(properties.multiProcessorCount) +
           " multiprocessors, " + std::to_string(properties.totalGlobalMem >> 20) + " MiB, L2 " +
           std::to_string(properties.l2CacheSize >> 20) + " MiB, driver for CUDA " + std::to_string(driver / 1000) +
           "." + std::to_string(driver % 1000 / 10);
}

Memory::Memory(std::size_t bytes) : bytes_(bytes) {
    void* memory = nullptr;
    succeeded(cudaMalloc(&memory, bytes == 0 ? 1 : bytes), "taking memory of the GPU");
    memory_.reset(static_cast<std::byte*>(memory));
}

Memory::Memory(std::span<const std::byte> content) : Memory(content.size()) {
    succeeded(cudaMemcpy(data(), content.data(), content.size(), cudaMemcpyHostToDevice), "copying to the GPU");
}

void Memory::copy_to(std::span<std::byte> to) const {
    succeeded(cudaMemcpy(to.data(), data(), to.size(), cudaMemcpyDeviceToHost), "copying from the GPU");
}

void Memory::Free::operator()(std::byte* memory) const {
    cudaFree(memory);  // a failure is that of an earlier kernel, which whoever waits for it has met
}

std::byte* Queue::pinned(std::size_t bytes) {
    if (bytes > pinned_bytes_) {
        void* memory = nullptr;
        pinned_.reset();
        succeeded(cudaMallocHost(&memory, bytes), "pinning memory of the host");
        pinned_.reset(static_cast<std::byte*>(memory));
        pinned_bytes_ = bytes;
    }
    return pinned_.get();
}

std::byte* Queue::scratch(std::size_t bytes) {
    if (!scratch_ || bytes > scratch_->size()) {
        scratch_.reset();
        scratch_ = std::make_unique<Memory>(bytes);
    }
    return scratch_->data();
}

std::byte* Queue::zeroed(std::size_t bytes) {
    if (!zeroed_ || bytes > zeroed_->size()) {
        zeroed_ = std::make_unique<Memory>(bytes);
        succeeded(cudaMemsetAsync(zeroed_->data(), 0, bytes, stream_), "clearing memory of the GPU");
    }
    return zeroed_->data();
}

void Queue::Unpin::operator()(std::byte* memory) const {
    cudaFreeHost(memory);
}

}  // namespace isobatch::cuda
