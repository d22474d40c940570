#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

struct CUstream_st;

namespace isobatch::cuda {

/// Why nothing runs on a GPU here (no toolkit when this was built, no driver, no device …); empty when something does.
/// Everything else in this folder throws Error with that reason.
std::string why_unavailable();

/// The device that the calling thread uses: its name and size, and the driver.
std::string description();

/// The CUDA runtime's cudaStream_t, for callers without its headers. nullptr is the default stream.
using Stream = CUstream_st*;

/// Memory of the GPU, aligned to 256 bytes.
class Memory {
public:
    explicit Memory(std::size_t bytes);
    explicit Memory(std::span<const std::byte> content);

    std::byte* data() const { return memory_.get(); }
    std::size_t size() const { return bytes_; }
    void copy_to(std::span<std::byte> to) const;

private:
    struct Free {
        void operator()(std::byte* memory) const;
    };
    std::unique_ptr<std::byte, Free> memory_;
    std::size_t bytes_;
};

/// A stream and the memory that launches on it need beside their tensors, kept from one launch to the next. For one
/// thread at a time. A launch over any number of tensors is one copy to the GPU, one kernel, one copy back and one
/// wait.
class Queue {
public:
    explicit Queue(Stream stream = nullptr) : stream_(stream) {}

    Stream stream() const { return stream_; }

    /// Of at least so many bytes, with what a former launch left there: memory of the host that the GPU can copy,
    /// memory of the GPU, and such that is zero when it is new.
    std::byte* pinned(std::size_t bytes);
    std::byte* scratch(std::size_t bytes);
    std::byte* zeroed(std::size_t bytes);

private:
    struct Unpin {
        void operator()(std::byte* memory) const;
    };
    Stream stream_;
    std::unique_ptr<std::byte, Unpin> pinned_;
    std::size_t pinned_bytes_ = 0;
    std::unique_ptr<Memory> scratch_, zeroed_;
};

}  // namespace isobatch::cuda
