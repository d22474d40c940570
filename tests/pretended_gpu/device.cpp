/// LibTorch's CUDA device for machines without one: its guard, its hooks and its allocator, over memory that only
/// operators may touch. What a real one refuses is refused: memory or statistics before the device was made ready.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/Exception.h>

#include "tests/pretended_gpu/memory.h"

namespace {

using isobatch::pretended::Memory;

std::atomic<bool> ready{false};

thread_local c10::DeviceIndex current = 0;

struct Guard final : c10::impl::DeviceGuardImplInterface {
    static constexpr c10::DeviceType static_type = c10::kCUDA;

    Guard() = default;
    explicit Guard(c10::DeviceType) {}
    c10::DeviceType type() const override { return c10::kCUDA; }
    c10::Device exchangeDevice(c10::Device device) const override {
        const c10::Device before = getDevice();
        setDevice(device);
        return before;
    }
    c10::Device getDevice() const override { return {c10::kCUDA, current}; }
    void setDevice(c10::Device device) const override {
        TORCH_CHECK(device.index() < deviceCount(), "CUDA error: invalid device ordinal");
        uncheckedSetDevice(device);
    }
    void uncheckedSetDevice(c10::Device device) const noexcept override {
        current = std::max<c10::DeviceIndex>(device.index(), 0);
    }
    c10::Stream getStream(c10::Device device) const noexcept override {
        return c10::Stream(c10::Stream::DEFAULT, device);
    }
    c10::Stream getDefaultStream(c10::Device device) const override { return getStream(device); }
    c10::Stream getStreamFromGlobalPool(c10::Device device, bool) const override { return getStream(device); }
    c10::Stream exchangeStream(c10::Stream stream) const noexcept override { return stream; }
    c10::DeviceIndex deviceCount() const noexcept override { return 1; }
    void record(void**, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag) const override {}
    void block(void*, const c10::Stream&) const override {}
    bool queryEvent(void*) const override { return true; }
    void destroyEvent(void*, const c10::DeviceIndex) const noexcept override {}
    void synchronizeStream(const c10::Stream&) const override {}
    void synchronizeEvent(void*) const override {}
    bool queryStream(const c10::Stream&) const override { return true; }
    void synchronizeDevice(const c10::DeviceIndex) const override {}
};

C10_REGISTER_GUARD_IMPL(CUDA, Guard)

using Stat = c10::CachingAllocator::Stat;

/// What is asked for, in use as blocks, and kept as segments until somebody empties the cache.
struct Counts {
    Stat held, active, reserved;

    void add(std::int64_t bytes) {
        constexpr std::int64_t block = 512;
        const std::int64_t blocks = (std::abs(bytes) + block - 1) / block * block;
        change(held, bytes);
        change(active, bytes < 0 ? -blocks : blocks);
        change(reserved, std::max<std::int64_t>(0, segments() - reserved.current));
    }
    void empty_cache() { reserved.current = segments(); }
    void reset_peaks() {
        for (Stat* stat : {&held, &active, &reserved}) stat->peak = stat->current;
    }

private:
    std::int64_t segments() const {
        constexpr std::int64_t segment = 1 << 16;
        return (active.current + segment - 1) / segment * segment;
    }
    static void change(Stat& stat, std::int64_t bytes) {
        stat.current += bytes;
        stat.peak = std::max(stat.peak, stat.current);
    }
};
std::mutex mutex;
Counts counts;

void count(std::int64_t bytes) {
    const std::scoped_lock lock(mutex);
    counts.add(bytes);
}

void release(void* data) {
    if (data) count(-static_cast<std::int64_t>(Memory::instance().give_back(data)));
}

struct Allocator final : c10::DeviceAllocator {
    c10::DataPtr allocate(std::size_t bytes) override {
        require_ready();
        const c10::Device device(c10::kCUDA, current);
        if (bytes == 0) return {nullptr, nullptr, &release, device};
        void* data = Memory::instance().take(bytes);
        TORCH_CHECK_WITH(OutOfMemoryError, data, "CUDA out of memory. Tried to allocate ", bytes, " bytes.");
        count(static_cast<std::int64_t>(bytes));
        return {data, data, &release, device};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &release; }
    void copy_data(void* to, const void* from, std::size_t bytes) const override {
        const Memory::Access access;
        default_copy_data(to, from, bytes);
    }
    bool initialized() override { return ready; }
    void emptyCache(c10::MempoolId_t) override {
        const std::scoped_lock lock(mutex);
        counts.empty_cache();
    }
    void recordStream(const c10::DataPtr&, c10::Stream) override {}
    c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex) override {
        require_ready();
        constexpr auto all = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
        const std::scoped_lock lock(mutex);
        c10::CachingDeviceAllocator::DeviceStats stats;
        stats.requested_bytes[all] = counts.held;
        stats.allocated_bytes[all] = stats.active_bytes[all] = counts.active;
        stats.reserved_bytes[all] = counts.reserved;
        return stats;
    }
    void resetAccumulatedStats(c10::DeviceIndex) override {}
    void resetPeakStats(c10::DeviceIndex) override {
        require_ready();
        const std::scoped_lock lock(mutex);
        counts.reset_peaks();
    }
    std::pair<std::size_t, std::size_t> getMemoryInfo(c10::DeviceIndex) override {
        const std::scoped_lock lock(mutex);
        return {Memory::size - static_cast<std::size_t>(counts.held.current), Memory::size};
    }

private:
    static void require_ready() { TORCH_CHECK(ready, "Invalid device argument ", current, ": did you call init?"); }
};

const bool registered = [] {
    static Allocator allocator;
    c10::SetAllocator(c10::kCUDA, &allocator);
    return true;
}();

}  // namespace

namespace at {

// LibTorch asks for hooks of this name, once, when they are first needed.
struct CUDAHooks final : CUDAHooksInterface {
    explicit CUDAHooks(CUDAHooksArgs) {}
    void init() const override { ready = true; }
    bool isBuilt() const override { return true; }
    bool isAvailable() const override { return true; }
    bool hasCUDA() const override { return true; }
    bool hasPrimaryContext(DeviceIndex) const override { return ready; }
    DeviceIndex deviceCount() const override { return 1; }
    int getNumGPUs() const override { return 1; }
    DeviceIndex current_device() const override { return current; }
    DeviceIndex getCurrentDevice() const override { return current; }
    c10::Allocator* getCUDADeviceAllocator() const override { return c10::GetAllocator(c10::kCUDA); }
    c10::Allocator* getPinnedMemoryAllocator() const override { return c10::GetAllocator(c10::kCPU); }
    Device getDeviceFromPtr(void*) const override { return {kCUDA, current}; }
    const Generator& getDefaultGenerator(DeviceIndex) const override {  // which no operator here draws from
        static const Generator generator = detail::createCPUGenerator();
        return generator;
    }
    void deviceSynchronize(DeviceIndex) const override {}
};

REGISTER_CUDA_HOOKS(CUDAHooks)

}  // namespace at
