#include "cases/rows.h"

#include <set>

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

namespace isobatch {

TEST(Rows, RaggedLengthsVaryAndOneRowInSixteenIsEmpty) {
    const std::vector<std::int64_t> lengths = row_lengths(43, 12, Lengths::ragged, Seed{1});
    EXPECT_EQ(std::count(lengths.begin(), lengths.end(), 0), 3);
    EXPECT_GT(std::set<std::int64_t>(lengths.begin(), lengths.end()).size(), 6U);
    EXPECT_LE(*std::max_element(lengths.begin(), lengths.end()), 12);
}

TEST(Rows, EqualLengthsAreEqual) {
    const std::vector<std::int64_t> lengths = row_lengths(48, 12, Lengths::equal, Seed{1});
    EXPECT_EQ(std::count(lengths.begin(), lengths.end(), 12), 48);
}

TEST(Rows, PickIsCutToItsLongestRow) {
    const at::Tensor inputs = at::arange(12, at::TensorOptions().dtype(at::kLong)).reshape({3, 4});
    const Dataset data =
        padded_rows(inputs, at::full({3, 4}, ignored, at::TensorOptions().dtype(at::kLong)), {2, 0, 3});
    const std::int64_t both[] = {2, 0}, silent[] = {1};
    EXPECT_EQ(data.pick(both)[0].sizes().vec(), (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(data.pick(both)[0][0][0].item<std::int64_t>(), 8);
    EXPECT_EQ(data.padded_units(both), 6);
    EXPECT_EQ(data.pick(silent)[0].size(1), 1);  // a row without a scored position still goes through the model
    EXPECT_EQ(data.units, (std::vector<double>{2, 0, 3}));
}

TEST(Rows, WholeSamplesCountOneEach) {
    const at::Tensor inputs = at::arange(6, at::kDouble).reshape({3, 2}), targets = at::arange(3, at::kLong);
    const Dataset data = whole_samples(inputs, targets);
    EXPECT_EQ(data.units, (std::vector<double>{1, 1, 1}));
    const std::vector<std::int64_t> samples{2, 0};
    const Examples examples = data.pick(samples);
    EXPECT_EQ(examples[0][0][1].item<double>(), 5);
    EXPECT_EQ(examples[0][1][0].item<double>(), 0);
    EXPECT_EQ(examples[1][0].item<std::int64_t>(), 2);
    EXPECT_EQ(data.padded_units(samples), 2);
}

}  // namespace isobatch
