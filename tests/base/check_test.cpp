#include "base/check.h"

#include <csignal>

#include <gtest/gtest.h>

namespace isobatch {
namespace {

TEST(Check, KeptPromiseCostsNothing) {
    int evaluated = 0;
    ISOBATCH_CHECK(++evaluated == 1, "counted once");
    EXPECT_EQ(evaluated, 1);
}

TEST(CheckDeathTest, BrokenPromiseAbortsWithMeaningConditionAndPlace) {
    EXPECT_EXIT(ISOBATCH_CHECK(1 + 1 == 3, "sums are right"), testing::KilledBySignal(SIGABRT),
                "internal error: sums are right \\(1 \\+ 1 == 3\\)\n  at .*check_test.cpp:[0-9]+");
}

}  // namespace
}  // namespace isobatch
