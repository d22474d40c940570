#include "cuda/device.h"

#include "cuda/gaps.h"
#include "cuda/side_stream.h"
#include "tests/cuda/place.h"

namespace isobatch {
namespace {

TEST(Device, SaysWhichItIsOrWhyThereIsNone) {
    const std::string reason = cuda::why_unavailable();
    if (reason.empty()) {
        EXPECT_TRUE(says(cuda::description(), "multiprocessors"));
        return;
    }
    EXPECT_TRUE(says(reason, "CUDA"));
    cuda::Queue queue;
    EXPECT_NE(error_of([] { cuda::Memory memory(16); }).problem(), "");
    EXPECT_NE(error_of([&] { cuda::gaps(queue, std::vector<cuda::PairOfValues>(1), 0); }).problem(), "");
    EXPECT_NE(error_of([] { cuda::SideStream side; }).problem(), "");
    EXPECT_NE(error_of([] { cuda::description(); }).problem(), "");
}

}  // namespace
}  // namespace isobatch
