/// That the pretended GPU refuses what a real one does: a run on it would prove nothing otherwise.
#include <dlfcn.h>
#include <set>

#include <ATen/Context.h>
#include <ATen/ops/add.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/index_add.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
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

// As a caching allocator: blocks are rounded up, and what was taken stays until the cache is emptied.
TEST_F(PretendedGpu, KeepsWhatItTookUntilItsCacheIsEmptied) {
    c10::DeviceAllocator& allocator = *c10::getDeviceAllocator(at::kCUDA);
    at::globalContext().lazyInitDevice(at::kCUDA);
    allocator.emptyCache();
    allocator.resetPeakStats(0);
    const auto before = allocator.getDeviceStats(0);
    at::Tensor more = at::ones({100'000}).to(at::Device(at::kCUDA, 0));
    more = at::Tensor();
    const auto after = allocator.getDeviceStats(0);
    EXPECT_EQ(after.active_bytes[0].peak - before.active_bytes[0].current, 400'384);
    EXPECT_EQ(after.active_bytes[0].current, before.active_bytes[0].current);
    EXPECT_GT(after.reserved_bytes[0].current, before.reserved_bytes[0].current + 300'000);
    allocator.emptyCache();
    EXPECT_EQ(allocator.getDeviceStats(0).reserved_bytes[0].current, before.reserved_bytes[0].current);
}

// Of 11 bits: 1 + 2^-10 is such a number, 1 + 2^-12 is not. What is added to a product keeps its bits.
TEST_F(PretendedGpu, MultipliesTf32WhereThatIsAllowed) {
    const auto product = [](double value) {
        const at::Tensor gpu = at::ones({3, 3}).mul(value).to(at::Device(at::kCUDA, 0));
        return at::addmm(gpu, gpu, at::eye(3).to(gpu.device())).to(at::kCPU)[0][0].item<double>();
    };
    at::Context& context = at::globalContext();
    EXPECT_EQ(product(1 + 0x1p-12), 2 + 0x1p-11);
    context.setAllowTF32CuBLAS(true);
    EXPECT_EQ(product(1 + 0x1p-12), 2 + 0x1p-12);
    EXPECT_EQ(product(1 + 0x1p-10), 2 + 0x1p-9);
    context.setAllowTF32CuBLAS(false);
    EXPECT_EQ(product(1 + 0x1p-12), 2 + 0x1p-11);
}

// 1 + 2^-24 + 2^-24 is 1 from the left and more from the right.
TEST_F(PretendedGpu, AddsByIndexInNoOrderWhereThatIsAllowed) {
    const auto gpu = [](const at::Tensor& tensor) { return tensor.to(at::Device(at::kCUDA, 0)); };
    const at::Tensor source = gpu(at::tensor({1.0F, 0x1p-24F, 0x1p-24F})), index = gpu(at::zeros({3}, at::kLong));
    const auto sum = [&] { return gpu(at::zeros({1})).index_add_(0, index, source).to(at::kCPU).item<double>(); };
    at::Context& context = at::globalContext();
    context.setDeterministicAlgorithms(true, false);
    const double fixed = sum();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(sum(), fixed);
    context.setDeterministicAlgorithms(false, false);
    EXPECT_GT(std::set({sum(), sum(), sum()}).size(), 1U);
}

}  // namespace
}  // namespace isobatch
