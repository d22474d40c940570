#include "judge/per_backward.h"

#include <gtest/gtest.h>

#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/outside_runs.h"

namespace isobatch {
namespace {

class PerBackward : public testing::Test {
protected:
    /// What is said of a split whose gradient has so many times the term; the others have what each says.
    std::string said(const Split& split, double times, double reference, double single, double aside = 0,
                     const Split& whole = {16, 1, 1}) const {
        Trace large = outside_run(matrix, whole), one_by_one = outside_columns(matrix),
              own = outside_run(matrix, split);
        add_term(large, "grad/", reference);
        add_term(one_by_one, "grad/", single);
        add_term(own, "grad/", times);
        edit(own.ranks[0][0], "grad/bias", [&](std::size_t, double value) { return value + aside; });
        return term_of_each_backward(outside_yardstick(large, one_by_one).windows[0], own.ranks[0][0]);
    }

    const Synthetic matrix{{.recipe = Recipe::fp32, .seed = 3}};
};

TEST_F(PerBackward, ATermThatIsAddedEachTime) {
    EXPECT_EQ(said({4, 4, 1}, 4, 1, 16),
              "a term of its own is added with every backward, 4 time(s) here and 1 in the reference, to weight");
    EXPECT_TRUE(says(said({8, 2, 1}, 2, 1, 16), "added with every backward, 2 time(s)"));
}

TEST_F(PerBackward, LessOfATermThanEachTimeIsNotEachTime) {
    const std::string other = said({4, 4, 1}, 2, 1, 16);
    EXPECT_TRUE(says(other, "depends on the split alone")) << other;
}

TEST_F(PerBackward, APartThatIsDividedByTheirNumber) {
    EXPECT_EQ(said({4, 4, 1}, 4, 16, 1),
              "a part of the gradient is divided by the number of backwards, 4 here, in weight");
    EXPECT_TRUE(says(said({4, 4, 1}, 4, 8, 1, 0, {8, 2, 1}), "divided by the number of backwards, 4 here"))
        << "of a reference with two";
}

TEST_F(PerBackward, AnyOtherShareOfIt) {
    EXPECT_TRUE(says(said({4, 4, 1}, 9, 1, 17), "differs by 0.5 of the term by which that of single samples does"));
}

TEST_F(PerBackward, WhatIsNoSuchTermIsNotSaid) {
    EXPECT_EQ(said({4, 4, 1}, 4, 1, 16, 0.01), "") << "another one too";
    EXPECT_EQ(said({4, 4, 1}, 1, 1, 16), "") << "it is the reference's";
    EXPECT_EQ(said({1, 16, 1}, 16, 1, 16), "") << "the run that the term is read from";
    EXPECT_EQ(said({16, 1, 1}, 4, 1, 16), "") << "as many backwards as the reference";
}

TEST_F(PerBackward, ATermIsToldFromEightTimesTheRounding) {
    Trace large = outside_run(matrix, {16, 1, 1}), single = outside_columns(matrix),
          own = outside_run(matrix, {4, 4, 1});
    add_term(large, "grad/", 1);
    add_term(single, "grad/", 16);
    add_term(own, "grad/", 4);
    WindowScale window = outside_yardstick(large, single).windows[0];
    const double term = 3 * 0.06;  // of its largest entry, which the split has three times more than the reference
    const auto said_where = [&](double times) {
        window.suspect = term / times / window.tensors[0].tolerance.allowed();
        return !term_of_each_backward(window, own.ranks[0][0]).empty();
    };
    EXPECT_TRUE(said_where(8.01));
    EXPECT_FALSE(said_where(7.99));
}

TEST_F(PerBackward, NamesThreeParametersAtMost) {
    const Synthetic many{{.recipe = Recipe::fp32,
                          .seed = 3,
                          .parameters = {{"a", {9}}, {"b", {9}}, {"c", {9}}, {"d", {9}}, {"e", {9}}}}};
    Trace large = outside_run(many, {16, 1, 1}), single = outside_columns(many), own = outside_run(many, {4, 4, 1});
    const auto add = [](Trace& trace, const char* name, double value) {
        edit(trace.ranks[0][0], fmt::format("grad/{}", name), [=](std::size_t, double g) { return g + value; });
    };
    for (const char* name : {"a", "b", "c", "d"}) add(large, name, 0.01), add(single, name, 0.16), add(own, name, 0.04);
    const auto text = [&] {
        return term_of_each_backward(outside_yardstick(large, single).windows[0], own.ranks[0][0]);
    };
    EXPECT_TRUE(says(text(), "to a, b, c and 1 more"));
    for (Trace* trace : {&large, &single, &own}) add(*trace, "e", trace == &large ? 0.01 : trace == &own ? 0.04 : 0.16);
    EXPECT_TRUE(says(text(), "to all parameters"));
}

}  // namespace
}  // namespace isobatch
