#include "judge/compare.h"

#include <cmath>
#include <limits>

#include "base/gap.h"
#include "tests/base/expect.h"
#include "tests/judge/edit.h"

namespace isobatch {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const double nan = std::nan("");

constexpr Dtype floating[] = {Dtype::f64, Dtype::f32, Dtype::f16, Dtype::bf16};

Tensor tensor(Dtype dtype, const std::vector<double>& values) {
    return tensor_of(dtype, {static_cast<std::int64_t>(values.size())}, values);
}

Tensor integers() {
    Tensor tensor = tensor_of(Dtype::f32, {2}, {1, 2});
    tensor.dtype = Dtype::i32;
    return tensor;
}

TEST(Compare, FindsTheLargestDistanceInEveryPairOfDtypes) {
    for (const Dtype a : floating) {
        for (const Dtype b : floating) {
            const testing::ScopedTrace trace(__FILE__, __LINE__, to_string(a) + " " + to_string(b));
            const Difference difference = compare(tensor(a, {1, -2, 0.5, 4}), tensor(b, {1, 2, 0.25, 3}), infinity);
            EXPECT_EQ(difference.largest, 4);
            EXPECT_EQ(difference.at, 1);
            EXPECT_EQ(compare(tensor(a, {1, 0, -8}), tensor(b, {1, 0, -8}), infinity).largest, 0);
            EXPECT_EQ(compare(tensor(a, {1, 0, -8}), tensor(b, {1, 0, -8}), infinity).at, -1);
        }
    }
}

TEST(Compare, TheFirstOfEqualDistancesIsNamed) {
    EXPECT_EQ(compare(tensor(Dtype::f64, {0, 1, 1}), tensor(Dtype::f64, {0, 0, 0}), infinity).at, 1);
}

TEST(Compare, NamesTheFirstThatIsTooFarAndCountsThem) {
    const Difference difference =
        compare(tensor(Dtype::f64, {0, 1, 5, 2, nan}), tensor(Dtype::f32, {0, 0, 0, 0, 0}), 1);
    EXPECT_EQ(difference.over, 3);
    EXPECT_EQ(difference.first, 2);
    const Difference none = compare(tensor(Dtype::f64, {0, 1}), tensor(Dtype::f64, {0, 0}), 1);
    EXPECT_EQ(none.over, 0);
    EXPECT_EQ(none.first, -1);
    EXPECT_EQ(none.at, 1);
}

/// Longer than what is looked at at once.
TEST(Compare, FarElementsAreFoundWhereverTheyAre) {
    for (const Dtype dtype : {Dtype::f64, Dtype::f32}) {
        std::vector<double> a(10'000, 1), b = a;
        b[4'100] = 3;
        b[9'999] = -1;
        const Difference difference = compare(tensor(dtype, a), tensor(dtype, b), 0.5);
        EXPECT_EQ(difference.largest, 2);
        EXPECT_EQ(difference.at, 4'100);
        EXPECT_EQ(difference.first, 4'100);
        EXPECT_EQ(difference.over, 2);
        b[0] = nan;
        b[5'000] = 4;
        const Difference undefined = compare(tensor(dtype, a), tensor(dtype, b), 2);
        EXPECT_EQ(undefined.largest, infinity);
        EXPECT_EQ(undefined.at, 0);
        EXPECT_EQ(undefined.over, 2);
    }
}

TEST(Compare, CountsInDoublesSoThatAnUlpOfFloatIsSeen) {
    const double above = 1 + 0x1p-23;
    EXPECT_EQ(compare(tensor(Dtype::f32, {above}), tensor(Dtype::f32, {1}), infinity).largest, 0x1p-23);
    EXPECT_EQ(compare(tensor(Dtype::f32, {1}), tensor(Dtype::f64, {1 + 0x1p-40}), infinity).largest, 0x1p-40);
    EXPECT_EQ(compare(tensor(Dtype::f64, {1 + 0x1p-40}), tensor(Dtype::f32, {1}), infinity).largest, 0x1p-40);
}

TEST(Compare, WhateverIsNotANumberIsInfinitelyFar) {
    for (const Dtype a : floating) {
        for (const Dtype b : floating) {
            const auto distance = [&](double x, double y) {
                return compare(tensor(a, {7, x}), tensor(b, {7, y}), infinity).largest;
            };
            EXPECT_EQ(distance(nan, 1), infinity);
            EXPECT_EQ(distance(1, nan), infinity);
            EXPECT_EQ(distance(nan, nan), infinity);
            EXPECT_EQ(distance(infinity, 1), infinity);
            EXPECT_EQ(distance(1, -infinity), infinity);
            EXPECT_EQ(distance(infinity, -infinity), infinity);
            EXPECT_EQ(distance(infinity, nan), infinity);
            EXPECT_EQ(distance(infinity, infinity), 0);
            EXPECT_EQ(distance(-infinity, -infinity), 0);
        }
    }
    EXPECT_EQ(compare(tensor(Dtype::f64, {7, nan, 1}), tensor(Dtype::f64, {7, 1, 1}), infinity).at, 1);
}

TEST(Compare, BothZerosAreOneNumber) {
    EXPECT_EQ(compare(tensor(Dtype::f64, {-0.0}), tensor(Dtype::f64, {0.0}), infinity).at, -1);
    EXPECT_EQ(compare(tensor(Dtype::f32, {0.0}), tensor(Dtype::f64, {-0.0}), infinity).largest, 0);
}

TEST(Compare, EmptyTensorsAreEqual) {
    EXPECT_EQ(compare(tensor(Dtype::f64, {}), tensor(Dtype::f64, {}), infinity).largest, 0);
    EXPECT_EQ(compare(tensor(Dtype::f32, {}), tensor(Dtype::bf16, {}), infinity).at, -1);
}

TEST(Compare, IntegersAreNoGradient) {
    EXPECT_TRUE(says(error_of([] { compare(integers(), integers(), 0); }).what(), "I32"));
    EXPECT_TRUE(says(error_of([] { peak(integers()); }).what(), "I32"));
}

/// So that what a kernel finds, which is tested against the gap, is what the judge finds.
RC_GTEST_PROP(Compare, SaysWhatAGapSays, ()) {
    const auto count = *rc::gen::inRange<std::size_t>(0, 50);
    const auto number = rc::gen::element(0.0, -0.0, 0.25, 0.5, -3.0, 1e30, infinity, -infinity, nan);
    const auto a = *rc::gen::container<std::vector<double>>(count, number);
    const auto b = *rc::gen::container<std::vector<double>>(count, number);
    const double allowed = *rc::gen::element(0.0, 0.25, 1e31, infinity);
    const Difference difference = compare(tensor(Dtype::f64, a), tensor(Dtype::f64, b), allowed);
    const Gap found = gap(std::span(a), std::span(b), allowed);
    RC_ASSERT(difference.largest == found.largest && difference.at == found.at);
    RC_ASSERT(difference.over == found.over && difference.first == found.first);
}

TEST(CompareDeathTest, OtherSizesBreakAPromise) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(compare(tensor(Dtype::f64, {1}), tensor(Dtype::f64, {1, 2}), 0), "one size");
}

TEST(Peak, IsTheLargestSize) {
    for (const Dtype dtype : floating) {
        EXPECT_EQ(peak(tensor(dtype, {1, -8, 4})), 8);
        EXPECT_EQ(peak(tensor(dtype, {2, -1})), 2);
        EXPECT_EQ(peak(tensor(dtype, {0, -0.0})), 0);
        EXPECT_EQ(peak(tensor(dtype, {})), 0);
        EXPECT_EQ(peak(tensor(dtype, {-infinity, 1})), infinity);
        EXPECT_EQ(peak(tensor(dtype, {nan, 1})), infinity);
        EXPECT_EQ(peak(tensor(dtype, {1, nan})), infinity);
    }
}

TEST(Identical, AsksForDtypeShapeAndEveryByte) {
    const Tensor tensor = tensor_of(Dtype::f64, {2, 1}, {1, 0.0});
    EXPECT_TRUE(identical(tensor, tensor));
    EXPECT_TRUE(identical(tensor, tensor_of(Dtype::f64, {2, 1}, {1, 0.0})));
    EXPECT_FALSE(identical(tensor, tensor_of(Dtype::f64, {1, 2}, {1, 0.0})));
    EXPECT_FALSE(identical(tensor, tensor_of(Dtype::f64, {2, 1}, {1, -0.0})));
    EXPECT_FALSE(identical(tensor, tensor_of(Dtype::f32, {2, 1}, {1, 0.0})));
    EXPECT_TRUE(identical(tensor_of(Dtype::f64, {1}, {nan}), tensor_of(Dtype::f64, {1}, {nan})));
    Tensor halves = tensor_of(Dtype::bf16, {2}, {1, 2});
    Tensor other = halves;
    other.dtype = Dtype::f16;  // the same bytes mean other numbers
    EXPECT_FALSE(identical(halves, other));
}

TEST(Identical, EmptyTensorsOfAnyOriginAre) {
    static const std::byte somewhere{};
    const Tensor nowhere{Dtype::f64, {0}, {}, nullptr};
    const Tensor mapped{Dtype::f64, {0}, {&somewhere, 0}, nullptr};
    EXPECT_TRUE(identical(nowhere, mapped));
    EXPECT_TRUE(identical(mapped, nowhere));
    EXPECT_FALSE(identical(nowhere, Tensor{Dtype::f64, {0, 1}, {}, nullptr}));
}

}  // namespace
}  // namespace isobatch
