#include "base/gap.h"

#include <cmath>
#include <vector>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const double nan = std::nan("");

Gap of(const std::vector<double>& a, const std::vector<double>& b, double allowed = infinity) {
    return gap(std::span(a), std::span(b), allowed);
}

TEST(Gap, OfEqualNumbersIsNone) {
    EXPECT_EQ(of({1, -2, 0.0}, {1, -2, -0.0}), Gap{});
    EXPECT_EQ(of({}, {}), Gap{});
}

TEST(Gap, NamesTheLargestAndTheFirstThatIsTooFar) {
    const Gap gap = of({0, 1, 5, -5, 2}, {0, 0, 0, 0, 0}, 1);
    EXPECT_EQ(gap.largest, 5);
    EXPECT_EQ(gap.at, 2) << "the first of equals";
    EXPECT_EQ(gap.over, 3);
    EXPECT_EQ(gap.first, 2);
}

TEST(Gap, RelativeIsToTheLarger) {
    EXPECT_EQ(of({1, 100}, {2, 101}).relative, 0.5);
    EXPECT_EQ(of({0}, {1e-300}).relative, 1);
    EXPECT_EQ(of({-1}, {1}).relative, 2);
    EXPECT_EQ(of({0x1p-1074}, {0x1p-1073}).relative, 0.5) << "where products have lost their digits";
    EXPECT_EQ(of({1}, {infinity}).relative, infinity);
}

TEST(Gap, UlpsAreStepsBetweenNeighbours) {
    EXPECT_EQ(of({1}, {1 + 0x1p-52}).ulps, 1U);
    EXPECT_EQ(of({1}, {1 - 0x1p-52}).ulps, 2U);
    EXPECT_EQ(of({-0x1p-1074}, {0x1p-1074}).ulps, 2U);
    EXPECT_EQ(of({-infinity}, {infinity}).ulps, 2 * std::uint64_t{0x7ff0000000000000});
    EXPECT_EQ(of({nan, 1}, {1, 1 + 0x1p-52}).ulps, 1U);
    const std::vector<float> one{1}, next{1 + 0x1p-23F}, far{-std::numeric_limits<float>::infinity()};
    EXPECT_EQ(gap(std::span<const float>(one), std::span<const float>(next), 0).ulps, 1U);
    EXPECT_EQ(gap(std::span<const float>(far), std::span<const float>(one), 0).ulps, 0x7f800000U + 0x3f800000U);
}

TEST(Gap, StepsAreThoseOfTheFirstFormat) {
    const std::vector<float> a{1};
    const std::vector<double> b{1 + 0x1p-40};
    const Gap found = gap(std::span<const float>(a), std::span<const double>(b), 0);
    EXPECT_EQ(found.ulps, 0U);
    EXPECT_EQ(found.largest, 0x1p-40);
}

TEST(Gap, CountsWhatIsNoNumber) {
    const Gap gap = of({nan, infinity, infinity, 1, nan}, {1, infinity, -infinity, infinity, infinity}, 0);
    EXPECT_EQ(gap.nans, 2);
    EXPECT_EQ(gap.infinite, 3);
    EXPECT_EQ(gap.largest, infinity);
    EXPECT_EQ(gap.at, 0);
    EXPECT_EQ(gap.over, 4);
    EXPECT_EQ(gap.relative, infinity);
}

TEST(Gap, ADistanceTooLargeForADoubleIsInfinite) {
    const double most = std::numeric_limits<double>::max();
    EXPECT_EQ(of({most}, {-most}).largest, infinity);
    EXPECT_EQ(of({most}, {-most}).infinite, 0);
}

TEST(GapDeathTest, OtherSizesBreakAPromise) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(of({1}, {1, 2}), "one length");
}

/// Numbers that repeat, with a strange one among twenty.
std::vector<double> numbers(std::size_t count) {
    const auto strange = rc::gen::element(infinity, -infinity, nan, -0.0, 1e308, 0x1p-1074);
    const auto usual = rc::gen::map(rc::gen::inRange(-9, 10), [](int number) { return number / 4.0; });
    return *rc::gen::container<std::vector<double>>(count, rc::gen::weightedOneOf<double>({{20, usual}, {1, strange}}));
}

RC_GTEST_PROP(Gap, AnyPartsInAnyOrderMakeTheWhole, ()) {
    const auto count = *rc::gen::inRange<std::size_t>(0, 60);
    const std::vector<double> a = numbers(count), b = numbers(count);
    const double allowed = *rc::gen::element(0.0, 0.5, infinity);
    std::vector<Gap> parts(*rc::gen::inRange<std::size_t>(1, 6));
    for (std::size_t i = 0; i < count; ++i)
        take(parts[i * 7 % parts.size()], a[i], b[i], static_cast<std::int64_t>(i), allowed);
    Gap whole;
    while (!parts.empty()) {
        const auto next = static_cast<std::ptrdiff_t>(*rc::gen::inRange<std::size_t>(0, parts.size()));
        whole = *rc::gen::arbitrary<bool>() ? merged(whole, parts[next]) : merged(parts[next], whole);
        parts.erase(parts.begin() + next);
    }
    RC_ASSERT(whole == of(a, b, allowed));
}

RC_GTEST_PROP(Gap, LeavesOutNoDivisionThatMatters, ()) {
    const auto count = *rc::gen::inRange<std::size_t>(0, 30);
    const std::vector<double> a = numbers(count), b = numbers(count);
    double relative = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (a[i] == b[i]) continue;
        const double ratio = std::abs(a[i] - b[i]) / std::max(std::abs(a[i]), std::abs(b[i]));
        relative = std::max(relative, std::isfinite(ratio) ? ratio : infinity);
    }
    RC_ASSERT(of(a, b).relative == relative);
}

}  // namespace
}  // namespace isobatch
