#include "run/device.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include "run/matrix.h"
#include "small_trial.h"
#include "tests/base/expect.h"

namespace isobatch {

namespace {

/// Why there is nothing to run on; empty where there is.
std::string missing() {
    try {
        prepare(device_of("cuda"));
        return {};
    } catch (const Error& error) {
        EXPECT_EQ(error.where(), "--device");
        EXPECT_EQ(error.exit_code(), 2);
        EXPECT_TRUE(says(error.next(), "choose cpu"));
        return error.problem();
    }
}

}  // namespace

TEST(Device, IsTheProcessorOrAGpu) {
    EXPECT_EQ(device_of("cpu"), at::Device(at::kCPU));
    EXPECT_EQ(device_of("cuda"), at::Device(at::kCUDA, 0));
    EXPECT_EQ(device_of("cuda:3"), at::Device(at::kCUDA, 3));
    for (const char* text : {"", "gpu", "cuda:", "cuda:-1", "cuda:x", "cuda:1 ", "cuda:128", "cudaa", "CPU"})
        EXPECT_EQ(error_of([&] { device_of(text); }).where(), "--device") << text;
}

TEST(Device, TheProcessorIsAlwaysReady) {
    prepare(at::kCPU);
    finish(at::kCPU);
}

// What is missing is said by name: the library, or the GPU.
TEST(Device, AGpuThatIsNotThereIsAnErrorThatSaysSo) {
    if (missing().empty()) GTEST_SKIP() << "there is a GPU here";
    EXPECT_TRUE(says(missing(), "no GPU 0 for --device cuda: 0 found") || says(missing(), "cannot be loaded"));
    Trial trial = small_trial({4, 1, 1});
    trial.device = "cuda:5";
    EXPECT_EQ(error_of([&] { make_setup(trial); }).where(), "--device");
}

// Every rank of the nccl engine has a GPU of its own; ranks that have to share are told who can.
TEST(Device, ARankTakesAGpuOfItsOwnOrNone) {
    const Error error = error_of([] { take_gpu(0, 128); });
    EXPECT_TRUE(says(error.problem(), "one GPU a rank: 128 ranks") || says(error.problem(), "cannot be loaded"));
    EXPECT_TRUE(says(error.next(), "gloo") || says(error.next(), "cpu"));
    EXPECT_EQ(device_of("cuda"), at::Device(at::kCUDA, 0)) << "who was refused took none";
}

}  // namespace isobatch
