#include "run/nccl.h"

#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "run/device.h"
#include "tests/base/expect.h"

namespace isobatch {

TEST(Nccl, IsInThisBuildAndLoads) {
    EXPECT_TRUE(has_nccl());
    require_nccl();
}

// That c10d itself refuses proves that the module reached it.
TEST(Nccl, WithoutAGpuC10dRefuses) {
    require_nccl();
    const auto make = [] {
        return nccl_backend(c10::make_intrusive<c10d::HashStore>(), 0, 1, std::chrono::seconds(1));
    };
    if (c10::impl::VirtualGuardImpl(at::kCUDA).deviceCount() > 0) {
        EXPECT_EQ(make()->getBackendName(), "nccl");
        return;
    }
    try {
        make();
        ADD_FAILURE() << "a backend for no GPU";
    } catch (const c10::Error& error) {
        EXPECT_TRUE(says(error.what(), "no GPUs found")) << error.what();
    }
}

}  // namespace isobatch
