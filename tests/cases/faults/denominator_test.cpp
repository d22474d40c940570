#include <gtest/gtest.h>

#include "../../run/small_trial.h"
#include "cases/faults/faults.h"

namespace isobatch {

TEST(DenominatorFaults, DivideByTheirOwnCounts) {
    isobatch::Setup means = make_setup(small_trial({1, 2, 2})), sums = means;
    ASSERT_TRUE(plant_denominator("token-mean-of-means", means));
    ASSERT_TRUE(plant_denominator("missing-accum-division", sums));
    const Window window = means.window(means.batches()[0]);
    for (const Slice& micro : window.micros) {
        EXPECT_EQ(means.decisions.divisor(window, micro), std::max(1.0, window.units_of(micro)) * 2) << "n_m · K / D";
        EXPECT_EQ(sums.decisions.divisor(window, micro), window.units / 2 / 2) << "N / D / A";
    }
    EXPECT_FALSE(plant_denominator("zero-grad-in-window", means));
}

}  // namespace isobatch
