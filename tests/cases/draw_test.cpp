#include "cases/draw.h"

#include <gtest/gtest.h>

namespace isobatch {

TEST(Draw, NumbersAreFp32ExactNormalAndSeeded) {
    const at::Tensor a = draw_normal({1000}, 2, Seed{3});
    EXPECT_TRUE(a.equal(a.to(at::kFloat).to(at::kDouble)));
    EXPECT_NEAR(a.std().item<double>(), 2, 0.2);
    EXPECT_NEAR(a.mean().item<double>(), 0, 0.3);
    EXPECT_TRUE(a.equal(draw_normal({1000}, 2, Seed{3})));
    EXPECT_FALSE(a.equal(draw_normal({1000}, 2, Seed{4})));
}

}  // namespace isobatch
