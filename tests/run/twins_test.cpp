#include "run/twins.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "../base/expect.h"
#include "cases/faults/faults.h"
#include "diagnose/result.h"
#include "judge/compare.h"
#include "noisy_case.h"
#include "plan/isobatch.h"
#include "run/matrix.h"
#include "run/reference.h"
#include "small_trial.h"

namespace isobatch {

namespace {

Trial asked(const std::string& subject, const Split& split, Recipe recipe = Recipe::fp64,
            const std::string& fault = "") {
    Trial trial = small_trial(split, recipe);
    trial.subject = subject;
    trial.fault = fault;
    trial.identities = "all";
    return trial;
}

std::set<std::string> broken(const Verdict& verdict) {
    std::set<std::string> names;
    for (const IdentityStatus& status : verdict.identities)
        if (status.broken > 0) names.insert(to_string(status.identity));
    return names;
}

/// Broken by a fault in one split or another of four samples.
std::set<std::string> broken_by(const std::string& fault, Recipe recipe) {
    std::set<std::string> names;
    Matrix matrix(plant, {});
    for (const Split& split : splits_of({.effective = 4})) {
        Trial trial = asked("mlp", split, recipe, fault);
        if (fault == "two-level-order") trial.engine = "serial:inner=2";
        names.merge(broken(matrix.run(trial).verdict));
    }
    return names;
}

}  // namespace

TEST(Twins, ARightTrainerCannotTellThemApart) {
    for (const char* subject : {"mlp", "gpt", "lesson", "exact-conv"})
        for (const Recipe recipe : {Recipe::fp64, Recipe::fp32}) {
            Matrix matrix(plant, {});
            std::set<Identity> tried;
            for (const Split& split : splits_of({.effective = 4})) {
                Trial trial = asked(subject, split, recipe);
                trial.epochs = 1;
                SCOPED_TRACE(to_string(trial));
                const Verdict verdict = matrix.run(trial).verdict;
                EXPECT_EQ(result_of(verdict, Check::identity), (CheckResult{.check = Check::identity}));
                for (const IdentityStatus& status : verdict.identities) {
                    EXPECT_EQ(status.windows == 0, !status.unfit.empty());
                    if (status.windows > 0) tried.insert(status.identity);
                }
            }
            EXPECT_EQ(tried.size(), all_identities.size());
        }
}

TEST(Twins, NeitherCanOneOfTwoThreads) {
    for (const char* subject : {"mlp", "gpt"}) {
        Trial trial = asked(subject, {2, 1, 2}, Recipe::fp32);
        trial.threads = 2;
        trial.epochs = 1;
        trial.samples = 4;  // one window: threads that share a busy core wait for each other
        const Verdict verdict = Matrix(plant, {}).run(trial).verdict;
        EXPECT_EQ(result_of(verdict, Check::identity), (CheckResult{.check = Check::identity})) << subject;
    }
}

/// Which of the faults each identity catches, in one split or another. The rest of the catalogue weighs a window and
/// its twin alike: only the reference tells those.
TEST(Twins, EachIdentityCatchesItsFaults) {
    const std::set<std::string> twice{"replicate-2", "replicate-4"},
        devices{"swap-devices", "one-device", "cancel-devices"};
    const auto with = [](std::set<std::string> names, const std::set<std::string>& others) {
        names.insert(others.begin(), others.end());
        return names;
    };
    const std::map<std::string, std::set<std::string>> table{
        {"token-mean-of-means", {"null-micro"}},
        {"missing-accum-division", with(twice, {"null-micro", "one-device"})},
        {"rank-local-denominator", {"one-device"}},
        {"uneven-ranks-equal-weight", {"one-device"}},
        {"average-count-per-micro", {"null-micro", "swap-micros", "one-device"}},
        {"zero-grad-in-window", with(twice, {"null-micro", "swap-micros", "one-device", "cancel-micros"})},
        {"not-zeroed-after-step", with(twice, {"scale", "swap-micros", "one-device"})},
        {"never-synced", devices},
        {"scaled-before-wait", devices},
        {"replicated-partial", devices},
        {"no-sync-off-by-one", with(with(twice, devices), {"null-micro", "swap-micros"})},
        {"reduced-once", with(with(twice, devices), {"null-micro", "swap-micros"})},
        {"two-level-order", with(twice, {"null-micro", "swap-micros"})},
        {"sum-over-devices", {}},
        {"no-world-compensation", {}},
        {"epoch-tail-dropped", {}},
        {"no-sync-around-backward", {}},
    };
    // Strict sees every wrong weight of the splits themselves: the second acts where a device has two micros and there
    // are more than two devices, which a twin has and none of these splits.
    const std::set<std::string> right_weights{"epoch-tail-dropped", "two-level-order", "no-sync-around-backward"};
    for (const auto& [fault, identities] : table)
        for (const Recipe recipe : {Recipe::fp64, Recipe::fp32}) {
            std::set<std::string> expected = identities;
            if (!right_weights.contains(fault)) expected.insert("strict");
            EXPECT_EQ(broken_by(fault, recipe), expected) << fault << " " << to_string(recipe);
        }
}

/// Where all micros are alike, no split shows that their means are averaged: a null micro does.
TEST(Twins, AFaultThatNoSplitCanShowIsFound) {
    Matrix matrix(plant, {});
    std::vector<Record> records;
    for (const Split& split : splits_of({.effective = 4})) {
        Trial trial = asked("mlp", split, Recipe::fp64, "token-mean-of-means");
        trial.lengths = Lengths::equal;
        trial.samples = 8;
        records.push_back(matrix.run(trial));
        EXPECT_LE(result_of(records.back().verdict, Check::grad).outcome, Outcome::equivalent) << to_string(split);
        EXPECT_EQ(result_of(records.back().verdict, Check::identity).outcome, Outcome::divergent) << to_string(split);
    }
    const Result result = assemble("x", records, {}, {});
    EXPECT_EQ(result.outcome, Outcome::divergent);
    ASSERT_EQ(result.findings.size(), 1U);
    EXPECT_EQ(result.findings[0].causes, std::vector<Cause>{Cause::unknown});
    EXPECT_TRUE(says(result.findings[0].summary, "null-micro does not hold"));
}

TEST(Twins, TheTrialItselfIsNotChanged) {
    for (const std::string fault : {"", "not-zeroed-after-step"}) {
        Trial trial = asked("mlp", {1, 2, 2}, Recipe::fp32, fault);
        Trial alone = trial;
        alone.identities.clear();
        const Record with = Matrix(plant, {}).run(trial), without = Matrix(plant, {}).run(alone);
        for (const CheckResult& result : without.verdict.checks)
            EXPECT_EQ(result_of(with.verdict, result.check), result) << to_string(result.check);
        EXPECT_EQ(to_json(with.traffic), to_json(without.traffic));
    }
}

TEST(Twins, AModelWithNoiseIsNotDeterministicRatherThanBroken) {
    const Record record = Matrix(plant, {}).run(asked(noisy_case(), {2, 2, 1}));
    EXPECT_EQ(record.verdict.outcome, Outcome::inconclusive);
    EXPECT_TRUE(says(result_of(record.verdict, Check::identity).message, "not deterministic"));
}

TEST(Twins, OnlyThoseThatFitAreRun) {
    const isobatch::Setup setup = make_setup(asked("mlp", {1, 4, 1}));
    const Trace reference = make_reference(setup.trial);
    const Forcing forcing(reference);
    std::vector<std::optional<Identity>> run;
    run_twins(setup, forcing, [&](const isobatch::Setup& one) {
        run.push_back(one.twin);
        return run_trial(one, Level::grads, nullptr, std::nullopt);
    });
    // The tail has three micros: neither has a window two of them, nor one.
    EXPECT_EQ(run, (std::vector<std::optional<Identity>>{std::nullopt, Identity::null_micro, Identity::scale,
                                                         Identity::cancel_micros, Identity::strict}));
}

TEST(Twins, StrictHasTheSameBitsInEverySplitOfEveryRecipe) {
    for (const char* subject : {"mlp", "gpt", "gpt-recomputed", "gpt-fused"})
        for (const Recipe recipe : {Recipe::fp64, Recipe::fp32, Recipe::bf16, Recipe::bf16_autocast}) {
            Matrix matrix(plant, {});
            for (const Split& split : splits_of({.effective = 8, .max_devices = 8})) {
                Trial trial = asked(subject, split, recipe);
                trial.samples = 21;  // windows of 8, 8 and 5
                trial.epochs = 1;
                trial.identities = "strict";
                SCOPED_TRACE(to_string(trial));
                const Verdict verdict = matrix.run(trial).verdict;
                EXPECT_EQ(result_of(verdict, Check::identity), (CheckResult{.check = Check::identity}));
                EXPECT_EQ(verdict.identities[0].windows, 3);
            }
        }
}

TEST(Twins, StrictFindsAWeightThatNoToleranceCan) {
    // By as little as the formats show at all: what is less than their roundoff is no longer there after the backward.
    for (const auto& [recipe, error] : {std::pair{Recipe::fp32, 0x1p-20}, std::pair{Recipe::bf16, 0x1p-7},
                                        std::pair{Recipe::bf16_autocast, 0x1p-7}}) {
        const Plant slightly = [share = 1 + error](const std::string&, isobatch::Setup& setup) {
            setup.decisions.arrives = [share](const Window&, const Slice& micro) {
                return micro.micro == 1 ? share : 1;
            };
        };
        Trial trial = asked("mlp", {2, 2, 1}, recipe, "token-mean-of-means");  // what is planted is not that
        trial.identities = "strict";
        const Verdict verdict = Matrix(slightly, {}).run(trial).verdict;
        EXPECT_LT(result_of(verdict, Check::grad).outcome, Outcome::divergent) << to_string(recipe);
        EXPECT_EQ(result_of(verdict, Check::identity).outcome, Outcome::divergent) << to_string(recipe);
    }
}

TEST(Twins, StrictIsForSamplesWithAGradientOfTheirOwnAndDevicesThatAreAPowerOfTwo) {
    Trial trial = asked("batch-norm", {2, 2, 1});
    trial.identities = "strict";
    EXPECT_EQ(Matrix(plant, {}).run(trial).verdict.identities[0].unfit, "a sample of it has no gradient of its own");
    trial = asked("mlp", {1, 1, 3});
    trial.identities = "strict";
    EXPECT_EQ(Matrix(plant, {}).run(trial).verdict.identities[0].unfit, "an average over so many devices is rounded");
}

TEST(Twins, TheirGradientsPassWithTheStepsOfTheirRank) {
    MemorySink memory(2);
    Twins twins(2, std::vector<Tensors>(2));
    twins[1][1]["twin/scale/w"] = doubles_tensor({3});
    WithTwins sink(memory, twins);
    for (const int rank : {0, 1, 1, 0}) sink.step(rank, {});
    EXPECT_TRUE(memory.trace().ranks[0][1].tensors.empty() && memory.trace().ranks[1][0].tensors.empty());
    EXPECT_EQ(as_doubles(memory.trace().ranks[1][1].tensors.at("twin/scale/w"), ""), std::vector<double>{3});
}

}  // namespace isobatch
