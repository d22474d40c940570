/// That the pretended GPU refuses what a real one does: a run on it would prove nothing otherwise.
#include <dlfcn.h>

#include <ATen/Context.h>
#include <ATen/ops/add.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <c10/core/CachingDeviceAllocator.h>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

class PretendedGpu : public testing::Test {
protected:
    static void SetUpTestSuite() { ASSERT_TRUE(::dlopen(PRETENDED_GPU, RTLD_NOW | RTLD_GLOBAL)) << ::dlerror(); }
};

at::Tensor on_gpu() {
    return at::ones({3, 3}).to(at::Device(at::kCUDA, 0));
}

TEST_F(PretendedGpu, KnowsNothingOfItsMemoryBeforeItWasMadeReady) {
    EXPECT_ANY_THROW(c10::getDeviceAllocator(at::kCUDA)->getDeviceStats(0));
    at::globalContext().lazyInitDevice(at::kCUDA);
    EXPECT_NO_THROW(c10::getDeviceAllocator(at::kCUDA)->getDeviceStats(0));
}

TEST_F(PretendedGpu, ComputesWhatTheCpuComputes) {
    const at::Tensor gpu = on_gpu().mm(on_gpu()).add(1).to(at::kCPU);
    EXPECT_TRUE(gpu.equal(at::ones({3, 3}).mm(at::ones({3, 3})).add(1)));
}

TEST_F(PretendedGpu, RefusesTensorsOfTwoDevices) {
    const at::Tensor gpu = on_gpu();
    EXPECT_ANY_THROW(gpu.mm(at::ones({3, 3})));
    EXPECT_ANY_THROW(at::ones({3, 3}).add(gpu));
    EXPECT_NO_THROW(gpu.add(at::ones({})));
}

TEST_F(PretendedGpu, ItsMemoryIsNotTheHosts) {
    const at::Tensor gpu = on_gpu();
    EXPECT_DEATH(std::printf("%f", *gpu.const_data_ptr<float>()), "");
}

TEST_F(PretendedGpu, CountsWhatIsHeld) {
    const auto held = [] { return c10::getDeviceAllocator(at::kCUDA)->getDeviceStats(0).requested_bytes[0]; };
    at::Tensor gpu = on_gpu();
    const std::int64_t before = held().current;
    at::Tensor more = at::ones({1000}).to(gpu.device());
    EXPECT_EQ(held().current, before + 4000);
    more = at::Tensor();
    EXPECT_EQ(held().current, before);
    EXPECT_GE(held().peak, before + 4000);
    EXPECT_THROW(at::empty({std::int64_t{1} << 40}, gpu.options()), c10::OutOfMemoryError);
}

}  // namespace
}  // namespace isobatch
