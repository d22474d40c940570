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

TEST(DenominatorFaults, OfSeveralRanksCountWhatTheyMiss) {
    const auto planted = [](const char* id) {
        isobatch::Setup setup = make_setup(small_trial({1, 2, 2}));
        EXPECT_TRUE(plant_denominator(id, setup)) << id;
        return setup;
    };
    const isobatch::Setup local = planted("rank-local-denominator"), uneven = planted("uneven-ranks-equal-weight"),
                          averaged = planted("average-count-per-micro"), global = planted("no-world-compensation");
    for (const Batch& batch : local.batches()) {
        const Window window = local.window(batch);
        for (const Slice& micro : window.micros) {
            double rank = 0, level = 0;
            for (const Slice& other : window.micros) {
                rank += other.place == micro.place ? window.units_of(other) : 0;
                level += other.micro == micro.micro ? window.units_of(other) : 0;
            }
            const double mine = std::max(rank, 1.0);
            EXPECT_EQ(local.decisions.divisor(window, micro), mine);
            EXPECT_EQ(uneven.decisions.divisor(window, micro), batch.samples < 4 ? mine : window.units / 2);
            EXPECT_EQ(averaged.decisions.divisor(window, micro), std::max(level, 1.0) / 2 * 2);
            EXPECT_EQ(global.decisions.divisor(window, micro), window.units);
        }
    }
}

TEST(DenominatorFaults, CountAPositionASampleOrUnscaleWhatWasNotScaled) {
    isobatch::Setup unshifted = make_setup(small_trial({1, 2, 2})), unscaled = unshifted;
    ASSERT_TRUE(plant_denominator("unpredicted-position-counted", unshifted));
    ASSERT_TRUE(plant_denominator("unscale-without-scale", unscaled));
    Window window = unshifted.window(unshifted.batches()[0]);
    ASSERT_NE(window.units, 4);
    EXPECT_EQ(unshifted.decisions.divisor(window, window.micros[0]), (window.units + 4) / 2);
    EXPECT_EQ(unscaled.decisions.arrives(window, window.micros[0]), 1 / first_loss_scale);
    window.units = 4;
    EXPECT_EQ(unshifted.decisions.divisor(window, window.micros[0]), 2) << "units that are samples have no positions";
}

TEST(DenominatorFaults, TheWrongGroupHoldsTheCopiesToo) {
    Trial trial = small_trial({1, 2, 2});
    trial.copies = 3;
    isobatch::Setup setup = make_setup(trial);
    ASSERT_TRUE(plant_denominator("wrong-group-divisor", setup));
    const Window window = setup.window(setup.batches()[0]);
    EXPECT_EQ(setup.decisions.divisor(window, window.micros[0]), window.units / 2 * 3);
    EXPECT_EQ(Decisions{}.divisor(window, window.micros[0]), window.units / 2);
}

}  // namespace isobatch
