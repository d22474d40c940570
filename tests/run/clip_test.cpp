#include "run/clip.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

namespace isobatch {

namespace {

/// Two parameters with gradients of norm 3 and 4.
std::vector<at::Tensor> parameters() {
    std::vector<at::Tensor> list;
    for (const double norm : {3.0, 4.0}) {
        list.push_back(at::full({4}, 1.0, at::kDouble).set_requires_grad(true));
        list.back().mutable_grad() = at::full({4}, norm / 2, at::kDouble);
    }
    return list;
}

}  // namespace

TEST(Clip, ScalesWhatIsTooLarge) {
    const std::vector<at::Tensor> list = parameters();
    const Clip clip = clip_by_norm(list, 2.5);
    EXPECT_DOUBLE_EQ(clip.norm, 5);
    EXPECT_EQ(clip.threshold, 2.5);
    EXPECT_DOUBLE_EQ(clip.factor, 2.5 / (5 + 1e-6));
    EXPECT_DOUBLE_EQ(list[1].grad()[0].item<double>(), 2 * clip.factor);
}

TEST(Clip, ByValueEachEntryAlone) {
    const std::vector<at::Tensor> list = parameters();
    clip_by_value(list, 1.75);
    EXPECT_EQ(list[0].grad()[0].item<double>(), 1.5);
    EXPECT_EQ(list[1].grad()[0].item<double>(), 1.75);
}

TEST(Clip, LeavesWhatIsSmallEnough) {
    const std::vector<at::Tensor> list = parameters();
    EXPECT_EQ(clip_by_norm(list, 6).factor, 1);
    EXPECT_EQ(list[0].grad()[0].item<double>(), 1.5);
}

}  // namespace isobatch
