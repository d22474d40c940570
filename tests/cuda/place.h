#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cuda/device.h"
#include "tests/base/expect.h"

namespace isobatch {

/// A test that runs on the CPU (the core's own function) and on the GPU (the kernel), which have to say the same. Their
/// names end in /cpu and /gpu; the second is skipped, with the reason, where there is none.
class OnBoth : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        if (!on_gpu()) return;
        const std::string reason = cuda::why_unavailable();
        if (!reason.empty()) GTEST_SKIP() << reason;
        queue.emplace();
    }

    static bool on_gpu() { return GetParam() == "gpu"; }

    std::optional<cuda::Queue> queue;
};

inline auto on_both() {
    return testing::Values("cpu", "gpu");
}

inline std::string name_of(const testing::TestParamInfo<std::string>& info) {
    return info.param;
}

/// Numbers on the GPU, `shift` of them behind an address of full alignment.
template <class T>
class OnDevice {
public:
    explicit OnDevice(const std::vector<T>& values, std::size_t shift = 0)
        : memory_(std::as_bytes(std::span<const T>(shifted(values, shift)))), shift_(shift), size_(values.size()) {}

    T* data() const { return reinterpret_cast<T*>(memory_.data()) + shift_; }
    std::int64_t size() const { return static_cast<std::int64_t>(size_); }
    std::span<const std::byte> bytes() const { return {reinterpret_cast<const std::byte*>(data()), size_ * sizeof(T)}; }
    std::vector<T> values() const {
        std::vector<T> all(size_ + shift_);
        memory_.copy_to(std::as_writable_bytes(std::span(all)));
        return {all.begin() + static_cast<std::ptrdiff_t>(shift_), all.end()};
    }

private:
    static std::vector<T> shifted(std::vector<T> values, std::size_t shift) {
        values.insert(values.begin(), shift, T{});
        return values;
    }

    cuda::Memory memory_;
    std::size_t shift_, size_;
};

}  // namespace isobatch
