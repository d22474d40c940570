#include "run/nccl_module.h"

#include <dlfcn.h>

#include <gtest/gtest.h>

namespace isobatch {

// Whoever starts a worker must not pay for CUDA: neither the program nor what it links may bring the module along.
TEST(NcclModule, IsLoadedOnlyWhenItIsAskedFor) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process of its own, which no other test has loaded it into
    EXPECT_EXIT(
        {
            const bool before = ::dlopen("libisobatch_nccl.so", RTLD_NOW | RTLD_NOLOAD);
            void* module = ::dlopen("libisobatch_nccl.so", RTLD_NOW | RTLD_LOCAL);
            std::exit(!before && module && ::dlsym(module, "isobatch_nccl_backend") ? 0 : 1);
        },
        ::testing::ExitedWithCode(0), "");
}

}  // namespace isobatch
