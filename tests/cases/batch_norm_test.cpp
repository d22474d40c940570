#include "coupled_check.h"

namespace isobatch {

TEST(BatchNorm, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("batch-norm");
}

TEST(BatchNorm, ItsSamplesAreCoupledAndItSaysSo) {
    expect_coupled("batch-norm");
}

TEST(BatchNorm, WhatAnEarlierWindowLeftIsFound) {
    const std::vector<Finding> findings = diagnose(records_of("batch-norm", "not-zeroed-after-step"));
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].causes, std::vector{Cause::not_zeroed_after_step});
}

}  // namespace isobatch
