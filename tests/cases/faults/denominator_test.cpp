#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "../../run/small_trial.h"
#include "cases/faults/faults.h"
#include "diagnose/diagnose.h"
#include "plan/isobatch.h"
#include "run/matrix.h"

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

TEST(DenominatorFaults, ABudgetCutsAnewAndTheCountIsNominal) {
    isobatch::Setup setup = make_setup(small_trial({1, 3, 2}));
    const Batch batch = setup.batches()[0];
    const Window before = setup.window(batch);
    ASSERT_TRUE(plant_denominator("nominal-count-dynamic-batching", setup));
    const Window window = setup.window(batch);
    EXPECT_EQ(window.units, before.units);
    EXPECT_TRUE(std::is_permutation(window.samples.begin(), window.samples.end(), before.samples.begin()));
    ASSERT_EQ(window.micros.size(), 4U) << "two a place, where three were promised";
    std::int64_t end = 0;
    for (std::size_t i = 0; i < 4; ++i) {  // in sampler order, and every sample in one of them
        const Slice& micro = window.micros[i];
        EXPECT_EQ(micro.place, static_cast<int>(i % 2));
        EXPECT_EQ(micro.micro, static_cast<int>(i / 2));
        EXPECT_EQ(micro.begin, std::exchange(end, micro.end));
        EXPECT_EQ(setup.decisions.divisor(window, micro), std::max(1.0, window.units_of(micro)) * 3) << "n_m · A";
    }
    EXPECT_EQ(end, 6);
}

/// Of each split of eight samples on at most two devices.
static std::vector<Record> cut_anew(bool right) {
    Matrix matrix(
        [&](const std::string& id, isobatch::Setup& setup) {
            plant(id, setup);
            if (right) setup.decisions.divisor = Decisions{}.divisor;
        },
        {});
    std::vector<Record> records;
    for (const Split& split : splits_of({.effective = 8, .max_devices = 2})) {
        Trial trial = small_trial(split);
        trial.samples = 21;
        trial.fault = "nominal-count-dynamic-batching";
        records.push_back(matrix.run(trial));
    }
    return records;
}

TEST(DenominatorFaults, ARightTrainerMayCutAsItLikes) {
    for (const Record& record : cut_anew(true))
        EXPECT_LE(record.verdict.outcome, Outcome::equivalent) << to_string(record.trial.split);
}

/// From one split too, where it accumulates: the mean over the micros that there are is another one.
TEST(DenominatorFaults, ANominalCountIsToldFromAMeanOfMeans) {
    int alone = 0;
    for (const Record& record : cut_anew(false)) {
        const std::vector<Finding> findings = diagnose(std::span(&record, 1));
        if (record.trial.split.accum == 1) continue;
        ASSERT_EQ(findings.size(), 1U) << to_string(record.trial.split);
        const std::vector<Cause>& causes = findings[0].causes;
        const auto named = [&](Cause cause) { return std::find(causes.begin(), causes.end(), cause) != causes.end(); };
        EXPECT_TRUE(named(Cause::nominal_count_dynamic_batching)) << to_string(record.trial.split);
        EXPECT_FALSE(named(Cause::token_mean_of_means)) << to_string(record.trial.split);
        alone += causes.size() == 1;
    }
    EXPECT_GT(alone, 2);
    const std::vector<Finding> findings = diagnose(cut_anew(false));
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].causes, std::vector{Cause::nominal_count_dynamic_batching});
    EXPECT_LT(findings[0].worst_error, 1e-9);
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
