#include "cases/labelled.h"

#include <cmath>
#include <set>

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "cases/rows.h"

namespace isobatch {

TEST(Labelled, EveryUnitHasAClassAndWhatIsBehindARowIsIgnored) {
    const Dataset data = labelled_rows({.samples = 40, .lengths = Lengths::ragged, .seed = Seed{1}}, 9, 8, 4);
    std::set<std::int64_t> classes;
    for (std::int64_t row = 0; row < data.size(); ++row) {
        const std::int64_t other = (row + 1) % data.size(), both[] = {row, other};
        const at::Tensor targets = data.pick(both)[1].select(0, 0);
        const auto units = static_cast<std::int64_t>(data.units[static_cast<std::size_t>(row)]);
        for (std::int64_t t = 0; t < targets.size(0); ++t) {
            const auto target = targets[t].item<std::int64_t>();
            EXPECT_EQ(target == ignored, t >= units);
            classes.insert(target);
        }
    }
    EXPECT_EQ(classes, (std::set<std::int64_t>{ignored, 0, 1, 2, 3}));
}

TEST(Labelled, TheLossIsASumOverUnitsThatAreNotIgnored) {
    const at::Tensor logits = at::tensor({0.0, 0.0, 1.0, 3.0, 5.0, 7.0}, at::kDouble).reshape({1, 3, 2});
    const at::Tensor targets = at::tensor({0, 1, static_cast<int>(ignored)}, at::kLong).reshape({1, 3});
    const double first = std::log(2.0), second = std::log1p(std::exp(-2.0));
    EXPECT_DOUBLE_EQ(labelled_loss(logits, targets).item<double>(), first + second);
    // Smoothing gives either class of two half of it: of the second unit, the wrong one costs 2 more.
    EXPECT_DOUBLE_EQ(labelled_loss(logits, targets, 0.1).item<double>(), first + second + 0.05 * 2);
}

}  // namespace isobatch
