#include "reports/gate/margin.h"

#include <algorithm>
#include <cmath>

#include "base/seed.h"
#include "judge/tolerance.h"
#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(LargestMargin, IsTwiceTheLargestThatWasSeen) {
    EXPECT_EQ(largest_margin({0.02, 0.05, 0.03}, Recipe::fp64), 0.1);
    EXPECT_EQ(largest_margin({0.25}, Recipe::bf16), 0.5);
}

TEST(LargestMargin, BelowWhatATrustedRunIsOffNothingGrows) {
    EXPECT_EQ(largest_margin({0.001}, Recipe::fp32), 1 / fail_factor);
    EXPECT_EQ(largest_margin({0}, Recipe::fp64), 1 / fail_factor);
    EXPECT_EQ(largest_margin({0.001}, Recipe::bf16), 1 / narrow_fail_factor);
}

TEST(LargestMargin, TheLargestOfAThousandErrorsIsNeverTwiceAnEarlierOne) {
    Random random(Seed{1});
    const auto largest = [&] {
        double most = 0;
        for (int i = 0; i < 1000; ++i) most = std::max(most, std::abs(random.normal()));
        return most / 8;  // of what is allowed
    };
    double before = largest();
    for (int i = 0; i < 2000; ++i) {
        const double now = largest();
        EXPECT_LE(now, largest_margin({before}, Recipe::fp64));
        before = now;
    }
}

TEST(LargestMargin, WithoutAHistoryThereIsNoBound) {
    EXPECT_GT(largest_margin({}, Recipe::fp64), 1e300);
}

}  // namespace
}  // namespace isobatch
