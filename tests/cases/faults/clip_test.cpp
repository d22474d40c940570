#include <cmath>

#include <ATen/ops/full_like.h>
#include <gtest/gtest.h>

#include "../../run/small_trial.h"
#include "base/error.h"
#include "cases/faults/faults.h"
#include "run/matrix.h"
#include "run/replica.h"

namespace isobatch {

namespace {

/// What this trainer's clipping does to a gradient of ones on each of two ranks.
std::pair<Clip, double> clipped(const char* id) {
    isobatch::Setup setup = make_setup(small_trial({1, 2, 2}));
    EXPECT_EQ(plant_clip(id, setup), *id != 0) << id;
    Replica replica = make_replica(*setup.subject, setup.trial, 0, 6);
    for (at::Tensor& parameter : replica.parameters) parameter.mutable_grad() = at::full_like(parameter, 1.0).detach();
    const Clip clip = setup.decisions.clips(setup.window(setup.batches()[0]), replica).value();
    return {clip, replica.parameters[0].grad().reshape({-1})[0].item<double>()};
}

}  // namespace

TEST(ClipFaults, ChangeTheNormOrItsUse) {
    const auto [right, after] = clipped("");
    EXPECT_LT(right.factor, 1);
    EXPECT_DOUBLE_EQ(after, right.factor);
    const auto [disabled, untouched] = clipped("clip-disabled");
    EXPECT_NEAR(disabled.norm, right.norm, 1e-12);
    EXPECT_EQ(disabled.factor, 1);
    EXPECT_EQ(untouched, 1);
    const auto [missing, larger] = clipped("norm-misses-shards");
    EXPECT_LT(missing.norm, right.norm);
    EXPECT_DOUBLE_EQ(larger, missing.factor);
    const auto [counted, smaller] = clipped("norm-counts-replicas");
    EXPECT_NEAR(counted.norm, right.norm * std::sqrt(2.0), 1e-12);
    EXPECT_DOUBLE_EQ(smaller, counted.factor);
    const auto [scaled, least] = clipped("clip-scaled-gradients");
    EXPECT_NEAR(scaled.norm, right.norm * first_loss_scale, 1e-6);
    EXPECT_DOUBLE_EQ(least, scaled.factor);
    isobatch::Setup setup = make_setup(small_trial({1, 2, 2}));
    EXPECT_FALSE(plant_clip("zero-grad-in-window", setup));
}

TEST(ClipFaults, TellTheDevicesOwnNorm) {
    isobatch::Setup setup = make_setup(small_trial({1, 2, 2})), right = setup;
    ASSERT_TRUE(plant_clip("log-local-norm", setup));
    const Window window = setup.window(setup.batches()[0]);
    Replica replica = make_replica(*setup.subject, setup.trial, 0, 6);
    const auto fill = [&](double value) {
        for (at::Tensor& parameter : replica.parameters)
            parameter.mutable_grad() = at::full_like(parameter, value).detach();
    };
    fill(3);
    setup.decisions.disturbs(window, window.micros[0], replica);  // its own part
    fill(1);                                                      // what the exchange leaves
    const Clip told = setup.decisions.clips(window, replica).value();
    fill(1);
    const Clip owed = right.decisions.clips(window, replica).value();
    EXPECT_NEAR(told.norm, 3 * owed.norm, 1e-9);
    EXPECT_EQ(told.factor, owed.factor);
    EXPECT_EQ(replica.parameters[0].grad().reshape({-1})[0].item<double>(), owed.factor);
    Trial buckets = small_trial({1, 2, 2});
    buckets.engine = "gloo";
    isobatch::Setup ddp = make_setup(buckets);
    EXPECT_THROW(plant_clip("log-local-norm", ddp), Error);
}

TEST(ClipFaults, LeaveACaseAloneThatClipsNoNorm) {
    for (const char* subject : {"lesson", "contrastive"})
        for (const char* id : {"clip-disabled", "norm-misses-shards", "norm-counts-replicas", "clip-local-norm",
                               "clip-per-micro", "clip-before-reduce", "clip-scaled-gradients", "log-local-norm"}) {
            Trial trial = small_trial({1, 2, 2});
            trial.subject = subject;
            trial.fault = id;
            EXPECT_LE(Matrix(plant, {}).run(trial).verdict.outcome, Outcome::equivalent) << subject << " " << id;
        }
}

}  // namespace isobatch
