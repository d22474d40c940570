#include "diagnose/extent.h"

#include <cmath>

#include <gtest/gtest.h>

namespace isobatch {
namespace {

TEST(Extent, NamesTheParametersWhereNotAllAreWrong) {
    EXPECT_EQ(parts_sentence({}), "");
    EXPECT_EQ(parts_sentence({"a"}), " Of all gradients only that of a is wrong.");
    EXPECT_EQ(parts_sentence({"a", "b\x1b"}), " Of all gradients only those of a, b\\x1b are wrong.");
}

TEST(Extent, CountsTheUnitsThatDoNotCountOnce) {
    EXPECT_EQ(units_sentence({}, 0.1), "");
    EXPECT_EQ(units_sentence({.units = {{}, {}}}, 0.1), "");
    EXPECT_EQ(units_sentence({.units = {{1, 0}, {}, {1.05, 0.95, 1.2, std::nan("")}}}, 0.1),
              " No weights of whole samples leave the gradient that was made there; those of their units do: 2 of 6 "
              "scored units do not count once.");
}

TEST(Extent, SaysWhatNothingTellsApart) {
    EXPECT_EQ(alike_sentence({}, {"a", "b"}), "");
    EXPECT_EQ(alike_sentence({.alike = {{{0}, {2}}}}, {"a", "b", "c\x1b"}),
              " The samples a, c\\x1b have each the gradient of another one, from which nothing tells them apart: the "
              "weight of each is the mean of those that are alike.");
    EXPECT_EQ(alike_sentence({.units = {{1, 1}, {1}}, .alike = {{{0, 0}, {1, 0}}}}, {"a", "b"}),
              " 2 units have each the gradient of another one, from which nothing tells them apart: the weight of each "
              "is the mean of those that are alike.");
    EXPECT_EQ(alike_sentence({.alike = {{{0}, {1}}}, .by_micros = "few\x1b"}, {"a", "b"}),
              " Only whole micro-batches can be told apart, each sample has the weight of its own: few\\x1b.");
}

TEST(Extent, SaysWhyNothingWasRead) {
    EXPECT_EQ(refused_sentence({.step = 3}), "");
    EXPECT_EQ(refused_sentence({.step = 3, .refused = "few\x1b"}), " No weights could be read in step 3: few\\x1b.");
}

}  // namespace
}  // namespace isobatch
