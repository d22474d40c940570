#include "run/held_bytes.h"

#include <atomic>
#include <cstring>
#include <limits>

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include "base/bytes.h"

namespace isobatch {

namespace {

/// A process has one allocator for its tensors, and so one count.
std::atomic<std::int64_t> held{0}, peak{0};
thread_local std::int64_t held_here = 0;

/// What may be held: `room` beyond what was held at the beginning of a MemoryBound.
constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
std::atomic<std::int64_t> room{0}, limit{any};

std::string text_of(std::int64_t bytes) {
    return bytes_text(static_cast<double>(bytes));
}

[[noreturn]] void out_of_memory(const std::string& how) {
    throw c10::OutOfMemoryError({__func__, __FILE__, __LINE__}, "out of memory: " + how);
}

[[noreturn]] void refuse(std::int64_t bytes, const std::string& why) {
    out_of_memory(fmt::format("a tensor of {} was asked for, {}", text_of(bytes), why));
}

void require_room(std::int64_t bytes) {
    const std::int64_t highest = limit.load(std::memory_order_relaxed), left = highest - held.load();
    if (highest == any || bytes <= left) return;
    refuse(bytes, fmt::format("and of {} others held {}", text_of(room), text_of(room - left)));
}

void add(std::int64_t bytes) {
    held_here += bytes;
    const std::int64_t now = held.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    std::int64_t most = peak.load(std::memory_order_relaxed);
    while (now > most && !peak.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
    }
}

/// As many bytes as LibTorch aligns its tensors to, before each of them: its size, which the deleter is not told.
constexpr std::size_t front = 64;
static_assert(front >= c10::gAlignment && front % c10::gAlignment == 0);

void release(void* data) {
    if (!data) return;
    void* block = static_cast<char*>(data) - front;
    std::size_t bytes;
    std::memcpy(&bytes, block, sizeof bytes);
    held_here -= static_cast<std::int64_t>(bytes);
    held.fetch_sub(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
    c10::free_cpu(block);
}

/// What the machine cannot give is told like what a bound does not allow.
void* block_of(std::size_t bytes) {
    try {
        return c10::alloc_cpu(bytes);
    } catch (const c10::Error&) {
        refuse(static_cast<std::int64_t>(bytes), "and the machine has not as much");
    }
}

struct Counting final : c10::Allocator {
    at::DataPtr allocate(std::size_t bytes) override {
        if (bytes == 0) return {nullptr, nullptr, &release, c10::Device(c10::kCPU)};
        require_room(static_cast<std::int64_t>(bytes));
        void* block = block_of(bytes + front);
        std::memcpy(block, &bytes, sizeof bytes);
        add(static_cast<std::int64_t>(bytes));
        void* data = static_cast<char*>(block) + front;
        return {data, data, &release, c10::Device(c10::kCPU)};  // its own context, as raw_allocate asks for
    }
    c10::DeleterFnPtr raw_deleter() const override { return &release; }
    void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }
};

constexpr auto all = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);

c10::CachingDeviceAllocator::DeviceStats stats_of(const at::Device& device) {
    return c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
}

}  // namespace

void count_held_bytes() {
    static Counting counting;
    c10::SetCPUAllocator(&counting, 1);  // of the default's priority, 0, or more: replaces it
}

Held held_now(const at::Device& device) {
    return {device,
            device.is_cpu() ? held.load(std::memory_order_relaxed) : stats_of(device).requested_bytes[all].current};
}

std::int64_t held_by_this_thread(const at::Device& device) {
    return device.is_cpu() ? held_here : held_now(device).bytes;
}

Peaks take_peaks(const at::Device& device) {
    if (device.is_cpu()) return {peak.exchange(held_now(device).bytes, std::memory_order_relaxed)};
    const auto stats = stats_of(device);
    c10::getDeviceAllocator(device.type())->resetPeakStats(device.index());
    return {stats.requested_bytes[all].peak, stats.reserved_bytes[all].peak, stats.active_bytes[all].peak};
}

void let_go_of_kept_memory(const at::Device& device) {
    if (!device.is_cpu()) c10::getDeviceAllocator(device.type())->emptyCache();
}

MemoryBound::MemoryBound(const Held& before, std::int64_t bytes) {
    room = bytes;
    resume_memory_bound(before);
}

MemoryBound::~MemoryBound() {
    room = 0;
    suspend_memory_bound();
}

void suspend_memory_bound() {
    limit = any;
}

void resume_memory_bound(const Held& before) {
    limit = room == 0 || !before.device.is_cpu() ? any : before.bytes + room;
}

void require_within_bound(const at::Device& device, std::int64_t peak) {
    if (device.is_cpu() || room == 0 || peak <= room) return;
    out_of_memory(fmt::format("tensors of the GPU held {}, of {} that they may", text_of(peak), text_of(room)));
}

}  // namespace isobatch
