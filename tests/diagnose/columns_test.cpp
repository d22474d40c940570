#include "diagnose/columns.h"

#include <gtest/gtest.h>

namespace isobatch {
namespace {

using Column = std::vector<double>;

/// Windows of two parameters, with 2 and 3 entries, and gradients w, w, and -w, -w, -w.
Yardstick of_windows(int windows) {
    Yardstick yardstick;
    for (int w = 1; w <= windows; ++w) {
        WindowScale window;
        window.gradients = {doubles_tensor(Column(2, w)), doubles_tensor(Column(3, -w))};
        for (const Tensor& gradient : window.gradients) window.tensors.push_back({"", gradient, gradient, {}});
        yardstick.windows.push_back(std::move(window));
    }
    return yardstick;
}

TEST(Columns, StackTensorsEachWithItsScale) {
    Column column{7};
    append(column, doubles_tensor({1, 2}), 10);
    append(column, doubles_tensor({3}), 0.5);
    EXPECT_EQ(column, (Column{7, 10, 20, 1.5}));
}

TEST(Columns, EveryEarlierGradientIsOneOldestFirst) {
    EXPECT_EQ(stale_columns(of_windows(3), 2, {0, 1}, {1, 10}),
              (std::vector<Column>{{1, 1, -10, -10, -10}, {2, 2, -20, -20, -20}}));
    EXPECT_EQ(stale_columns(of_windows(3), 1, {1}, {1}), (std::vector<Column>{{-1, -1, -1}}));
    EXPECT_TRUE(stale_columns(of_windows(3), 0, {0, 1}, {1, 1}).empty());
}

TEST(Columns, OfMoreThanSevenTheOldestAreOne) {
    std::vector<Column> seven = stale_columns(of_windows(10), 7, {0}, {1});
    ASSERT_EQ(seven.size(), 7u);
    EXPECT_EQ(seven[0], (Column{1, 1}));
    const std::vector<Column> more = stale_columns(of_windows(10), 9, {0}, {1});
    ASSERT_EQ(more.size(), 7u);
    EXPECT_EQ(more[0], (Column{1 + 2 + 3, 1 + 2 + 3}));
    EXPECT_EQ(more[6], (Column{9, 9}));
    Yardstick clipped = of_windows(30);
    clipped.windows[9].clip_threshold = 1;
    EXPECT_EQ(stale_columns(clipped, 9, {0}, {1}).size(), 9u) << "each was clipped as often as there were steps since";
}

TEST(Columns, ATermIsZeroWhereNothingComesFromIt) {
    const Yardstick yardstick = of_windows(1);
    EXPECT_EQ(term_column(yardstick.windows[0], {doubles_tensor({5, 6}), {}}, {0, 1}, {2, 1}),
              (Column{10, 12, 0, 0, 0}));
    EXPECT_EQ(term_column(yardstick.windows[0], {{}, doubles_tensor({5, 6, 7})}, {1}, {1}), (Column{5, 6, 7}));
}

}  // namespace
}  // namespace isobatch
