#pragma once

#include <cstdint>

#include <c10/core/Device.h>

namespace isobatch {

/// What the tensors of a device hold.
struct Held {
    at::Device device;
    std::int64_t bytes;
};

/// From now on the bytes are counted that LibTorch's CPU tensors ask for, from this and every other thread. What a
/// kernel asks the C library for itself is not among them. Costs a tensor 64 bytes and two atomic additions.
void count_held_bytes();

/// Held now: on the CPU by tensors made since, 0 where nobody counts; on a GPU as its allocator counts.
Held held_now(const at::Device& device);

/// As `held_now`, of this thread alone: what it made, less what it let go. Others let go when they come to it: a worker
/// of gloo's may free what was broadcast some time after the broadcast has ended. On a GPU, which has one allocator for
/// all of them: as `held_now`.
std::int64_t held_by_this_thread(const at::Device& device);

/// The most at one time that tensors held; of a GPU also what its allocator had taken, and what of it was in use.
struct Peaks {
    std::int64_t bytes = 0, reserved = 0, active = 0;
};

/// Since the last call, and from then on since this one.
Peaks take_peaks(const at::Device& device);

/// What a GPU's allocator keeps for tensors to come goes back, so that the next trial is not told what others took.
void let_go_of_kept_memory(const at::Device& device);

/// While it lives, no CPU tensor is made with which tensors would hold more than `most` bytes beyond `before`: where
/// one is asked for, c10::OutOfMemoryError is thrown. A GPU's allocator does not ask: there `require_within_bound`
/// throws it, when it is called. 0: as many as there are. One at a time.
class MemoryBound {
public:
    MemoryBound(const Held& before, std::int64_t most);
    ~MemoryBound();
    MemoryBound(const MemoryBound&) = delete;
    MemoryBound& operator=(const MemoryBound&) = delete;
};

/// Whoever records a trial makes tensors of its own in between, which the bound is not for. `before`: with what was
/// kept of them.
void suspend_memory_bound();
void resume_memory_bound(const Held& before);

/// Throws c10::OutOfMemoryError where a GPU's tensors held at the peak, beyond what was held before, more than a
/// MemoryBound allows.
void require_within_bound(const at::Device& device, std::int64_t peak);

}  // namespace isobatch
