#include <gtest/gtest.h>

#include "../../base/expect.h"
#include "../../run/small_trial.h"
#include "cases/faults/faults.h"
#include "plan/fault.h"
#include "run/device.h"
#include "run/matrix.h"
#include "run/replica.h"

namespace isobatch {

namespace {

Record run(const char* id, Recipe recipe, const Split& split, const std::string& subject = "gpt") {
    Trial trial = small_trial(split, recipe);
    trial.subject = subject;
    trial.samples = 43;
    trial.fault = id;
    return Matrix(plant, {}).run(trial);
}

}  // namespace

TEST(PrecisionFaults, ChangeOneDecisionEach) {
    isobatch::Setup setup = make_setup(small_trial({1, 2, 2}));
    EXPECT_TRUE(plant_precision("bf16-accumulator", setup));
    EXPECT_EQ(setup.decisions.accumulator, at::kBFloat16);
    EXPECT_EQ(setup.decisions.reduction, Reduction::mean);
    EXPECT_TRUE(plant_precision("bf16-reduction", setup));
    EXPECT_EQ(setup.decisions.reduction, Reduction::mean_in_bf16);
    EXPECT_TRUE(plant_precision("fp16-sum-overflow", setup));
    EXPECT_EQ(setup.decisions.reduction, Reduction::sum_in_fp16);
    EXPECT_FALSE(plant_precision("never-synced", setup));
}

// From a micro's forward to the end of its backward, and no longer: what follows it is in fp32 again.
TEST(PrecisionFaults, Tf32IsOnWhileAMicroIsComputed) {
    isobatch::Setup setup = make_setup(small_trial({2, 1, 1}, Recipe::fp32));
    EXPECT_TRUE(plant_precision("tf32-on", setup));
    const Window window = setup.window(setup.batches()[0]);
    Replica replica = make_replica(*setup.subject, setup.trial, 0, 1);
    const Slice& micro = window.micros[0];
    EXPECT_EQ(numeric_switches().at("tf32_cublas"), "off");
    setup.decisions.losses(window, micro, *setup.subject, *replica.model, setup.examples(window.of(micro), at::kFloat));
    for (const char* products : {"tf32_cublas", "tf32_cudnn"}) EXPECT_EQ(numeric_switches().at(products), "on");
    setup.decisions.disturbs(window, micro, replica);
    for (const char* products : {"tf32_cublas", "tf32_cudnn"}) EXPECT_EQ(numeric_switches().at(products), "off");
}

TEST(PrecisionFaults, AreNotPlantedInTwoLevels) {
    Trial trial = small_trial({1, 2, 2});
    trial.engine = "serial:inner=2";
    isobatch::Setup setup = make_setup(trial);
    for (const char* id : {"bf16-accumulator", "bf16-reduction", "fp16-sum-overflow"})
        EXPECT_TRUE(says(error_of([&] { plant_precision(id, setup); }).next(), "inner")) << id;
}

TEST(PrecisionFaults, ShowBySizeInAWideRecipeAndByTheirBitsInEachOther) {
    for (const Recipe recipe : known_recipes) {
        for (const auto& [id, split] :
             {std::pair{"bf16-accumulator", Split{1, 16, 1}}, {"bf16-reduction", {1, 8, 2}}}) {
            const Record red = run(id, recipe, split);
            const CheckResult& grad = result_of(red.verdict, Check::grad);
            EXPECT_EQ(grad.outcome, Outcome::divergent) << id << " " << to_string(recipe);
            EXPECT_EQ(grad.margin > 1, !computes_narrow(recipe))
                << id << " " << to_string(recipe) << " " << grad.margin;
            EXPECT_EQ(red.evidence.narrow, 1) << id << " " << to_string(recipe);
        }
        const Record clean = run("", recipe, {1, 16, 1});
        EXPECT_LE(clean.verdict.outcome, Outcome::equivalent) << to_string(recipe);
        EXPECT_LT(clean.evidence.narrow.value_or(1), 0.5) << to_string(recipe);
        if (computes_narrow(recipe)) {
            EXPECT_LE(run("bf16-accumulator", recipe, {4, 4, 1}).verdict.outcome, Outcome::equivalent)
                << to_string(recipe) << ", of four addends";
        }
    }
}

}  // namespace isobatch
