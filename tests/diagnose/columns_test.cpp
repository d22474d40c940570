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

using Parts = std::vector<std::vector<Source>>;

TEST(Columns, EverySampleWithAGradientIsOne) {
    WindowScale window;
    window.samples = {"a", "b", "c"};
    window.tensors = {{.name = "p", .sample_peaks = {1, 0, 2}}, {.name = "q", .sample_peaks = {0, 0, 3}}};
    window.shares = {{doubles_tensor({1, 0}), doubles_tensor({0})},
                     {doubles_tensor({0, 0}), doubles_tensor({0})},
                     {doubles_tensor({0, 2}), doubles_tensor({3})}};
    SourceColumns all = sample_columns(window, {0, 1}, {1, 10});
    EXPECT_EQ(all.parts, (Parts{{{0}}, {{2}}}));
    EXPECT_EQ(all.columns, (std::vector<Column>{{1, 0, 0}, {0, 2, 30}}));
    EXPECT_EQ(sample_columns(window, {1}, {1}).parts, (Parts{{{2}}})) << "of this parameter";
    window.share_factors = {3, 4, 5};
    EXPECT_EQ(sample_columns(window, {0}, {2}).columns, (std::vector<Column>{{6, 0}, {0, 20}}));
}

TEST(Columns, EveryUnitWithAGradientIsOne) {
    WindowScale window;
    window.sample_units = {0, 2, 1};
    window.unit_shares = {
        {}, {doubles_tensor({1, 2, 3, 4}), doubles_tensor({0, 6})}, {doubles_tensor({0, 0}), doubles_tensor({7})}};
    const SourceColumns all = unit_columns(window, {0, 1}, {1, 10});
    EXPECT_EQ(all.parts, (Parts{{{1, 0}}, {{1, 1}}, {{2, 0}}}));
    EXPECT_EQ(all.columns, (std::vector<Column>{{1, 2, 0}, {3, 4, 60}, {0, 0, 70}}));
    EXPECT_EQ(unit_columns(window, {1}, {1}).parts, (Parts{{{1, 1}}, {{2, 0}}})) << "of this parameter";
}

TEST(Columns, ThoseThatAreTheSameUpToRoundingAreOne) {
    SourceColumns all{{{{0}}, {{1}}, {{2}}, {{3}}, {{4}}}, {{100, 0}, {50, 5}, {100.9, -1}, {50, 6.5}, {99.5, 0.5}}};
    merge_alike(all);
    EXPECT_EQ(all.parts, (Parts{{{0}, {2}, {4}}, {{1}}, {{3}}}));
    EXPECT_EQ(all.columns, (std::vector<Column>{{300.4, -0.5}, {50, 5}, {50, 6.5}}));
    SourceColumns none;
    merge_alike(none);
    EXPECT_TRUE(none.columns.empty());
}

TEST(Columns, ThoseOfAMicroAreOne) {
    SourceColumns all{{{{0}}, {{2}}, {{3}}, {{4}}}, {{100, 0}, {50, 5}, {20, -1}, {3, 4}}};
    merge_micros(all, {1, 0, 0, 1, 0});
    EXPECT_EQ(all.parts, (Parts{{{2}, {4}}, {{0}, {3}}}));
    EXPECT_EQ(all.columns, (std::vector<Column>{{53, 9}, {120, -1}}));
    merge_alike(all);
    EXPECT_EQ(all.columns.size(), 2u);
    all.columns[1] = all.columns[0];
    merge_alike(all);
    EXPECT_EQ(all.parts, (Parts{{{2}, {4}, {0}, {3}}})) << "of two micros that are alike";
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
