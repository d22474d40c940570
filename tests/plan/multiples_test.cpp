#include "plan/multiples.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(MultiplesBeside, AreTheOneBelowAndTheOneAbove) {
    EXPECT_EQ(multiples_beside(64, 6), "nearest: 60 and 66");
    EXPECT_EQ(multiples_beside(7, 8), "nearest: 8");
    EXPECT_EQ(multiples_beside(9, 8), "nearest: 8 and 16");
}

}  // namespace
}  // namespace isobatch
