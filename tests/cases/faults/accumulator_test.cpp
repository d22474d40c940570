#include <gtest/gtest.h>

#include "../../run/small_trial.h"
#include "cases/faults/faults.h"

namespace isobatch {

TEST(AccumulatorFaults, ChangeOneDecisionEach) {
    const isobatch::Setup plain = make_setup(small_trial({1, 2, 2}));
    const Window full = plain.window(plain.batches()[0]), tail = plain.window(plain.batches()[2]);

    isobatch::Setup clears = plain, keeps = plain, drops = plain;
    ASSERT_TRUE(plant_accumulator("zero-grad-in-window", clears));
    EXPECT_TRUE(clears.decisions.clears_before(full, full.micros[1]));
    ASSERT_TRUE(plant_accumulator("not-zeroed-after-step", keeps));
    EXPECT_FALSE(keeps.decisions.clears_after_step(full));
    ASSERT_TRUE(plant_accumulator("epoch-tail-dropped", drops));
    EXPECT_TRUE(drops.decisions.trains_on(full));
    EXPECT_FALSE(drops.decisions.trains_on(tail));
    EXPECT_FALSE(plant_accumulator("token-mean-of-means", drops));
}

}  // namespace isobatch
