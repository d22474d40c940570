#include "run/tensors.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace isobatch {

TEST(Tensors, ViewReadsTheSameMemoryAndSnapshotDoesNot) {
    at::Tensor source = at::arange(6, at::TensorOptions().dtype(at::kDouble)).reshape({2, 3});
    const Tensor view = view_of(source), kept = snapshot(source);
    source.fill_(9);
    EXPECT_EQ(view.as<double>()[4], 9);
    EXPECT_EQ(kept.as<double>()[4], 4);
    EXPECT_EQ(kept.shape, (std::vector<std::int64_t>{2, 3}));
}

TEST(Tensors, NonContiguousTensorIsReadInItsOwnOrder) {
    const at::Tensor source = at::arange(6, at::TensorOptions().dtype(at::kFloat)).reshape({2, 3}).t();
    const Tensor view = view_of(source);
    EXPECT_EQ(view.as<float>()[1], 3);
    EXPECT_EQ(view.dtype, Dtype::f32);
}

TEST(Tensors, ADigestIsOfTheElementsInOrderWhateverTheyAre) {
    const at::Tensor source = at::arange(6, at::TensorOptions().dtype(at::kByte)).reshape({2, 3});
    EXPECT_EQ(digest_of(source.t()), digest_of(source.t().contiguous()));
    EXPECT_NE(digest_of(source.t()), digest_of(source));
    EXPECT_NE(digest_of(source.ne(3)), digest_of(source.ne(4)));
}

TEST(Tensors, ViewOutlivesItsTensor) {
    Tensor view;
    { view = view_of(at::arange(1000, at::TensorOptions().dtype(at::kLong))); }
    EXPECT_EQ(view.as<std::int64_t>()[999], 999);
}

TEST(Tensors, BorrowGivesTheValuesBack) {
    for (const auto dtype : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt}) {
        const at::Tensor source = at::arange(5, at::TensorOptions().dtype(dtype));
        const Tensor view = view_of(source);
        EXPECT_TRUE(borrow(view).equal(source));
    }
}

TEST(Tensors, LargestEntryIgnoresSignsAndSurvivesEmptiness) {
    EXPECT_EQ(largest_entry(at::arange(-7, 3, at::TensorOptions().dtype(at::kDouble))), 7);
    EXPECT_EQ(largest_entry(at::zeros({0})), 0);
}

}  // namespace isobatch
