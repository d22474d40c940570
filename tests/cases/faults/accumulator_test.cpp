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
    isobatch::Setup reshapes = plain;
    ASSERT_TRUE(plant_accumulator("cleared-at-new-shape", reshapes));
    Window shaped = full;
    for (const bool same : {true, false}) {  // by place and micro
        shaped.micro_padded_units.assign(4, 8);
        for (std::size_t i = 0; i < 4; ++i)
            if (!same && shaped.micros[i].place == 1 && shaped.micros[i].micro == 1) shaped.micro_padded_units[i] = 9;
        for (const Slice& micro : shaped.micros)
            EXPECT_EQ(reshapes.decisions.arrives(shaped, micro), same || micro.place == 0 || micro.micro == 1);
    }
    EXPECT_FALSE(plant_accumulator("token-mean-of-means", drops));
}

}  // namespace isobatch
