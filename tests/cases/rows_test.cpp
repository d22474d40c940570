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

TEST(Rows, OfCollatedRowsOnlyTheChosenUnitsStayScored) {
    const auto options = at::TensorOptions().dtype(at::kLong);
    at::Tensor targets = at::full({3, 4}, ignored, options);
    targets.narrow(1, 0, 2).narrow(0, 0, 1).fill_(7);
    targets.narrow(1, 0, 3).narrow(0, 2, 1).fill_(9);
    const Dataset data = padded_rows(at::arange(12, options).reshape({3, 4}), targets, {2, 0, 3});
    const std::int64_t all[] = {0, 1, 2};
    const Examples examples = data.pick(all);
    Examples chosen = examples;
    data.score_only(chosen, [](std::int64_t row, std::int64_t unit) { return row == 0 || unit == 1; });
    const auto scored = [](const Examples& one, std::int64_t row, std::int64_t t) {
        return one[1][row][t].item<std::int64_t>();
    };
    EXPECT_EQ(scored(chosen, 0, 0), 7);
    EXPECT_EQ(scored(chosen, 0, 1), 7);
    EXPECT_EQ(scored(chosen, 0, 2), ignored);
    EXPECT_EQ(scored(chosen, 2, 0), ignored);
    EXPECT_EQ(scored(chosen, 2, 1), 9);
    EXPECT_EQ(scored(chosen, 2, 2), ignored);
    EXPECT_EQ(scored(examples, 2, 0), 9) << "the examples themselves stay as they are";
    EXPECT_TRUE(chosen[0].equal(examples[0]));
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
    EXPECT_FALSE(data.score_only);
}

}  // namespace isobatch
