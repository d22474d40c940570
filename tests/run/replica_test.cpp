#include "run/replica.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/ones_like.h>
#include <gtest/gtest.h>

#include "run/tensors.h"
#include "small_trial.h"

namespace isobatch {

namespace {
Replica replica(Recipe recipe) {
    return make_replica(find_case("mlp"), small_trial({4, 1, 1}, recipe), 0, 6);
}
}  // namespace

TEST(Replica, HasTheSameWeightsInEveryPrecisionUpToRounding) {
    const Replica wide = replica(Recipe::fp64), narrow = replica(Recipe::fp32);
    ASSERT_EQ(wide.names, narrow.names);
    for (std::size_t i = 0; i < wide.parameters.size(); ++i) {
        EXPECT_EQ(wide.parameters[i].scalar_type(), at::kDouble);
        EXPECT_EQ(narrow.parameters[i].scalar_type(), at::kFloat);
        EXPECT_TRUE(wide.parameters[i].to(at::kFloat).equal(narrow.parameters[i]));
    }
}

TEST(Replica, StepsWideParametersWhateverItsModelIsMadeOf) {
    const Replica wide = replica(Recipe::fp32);
    for (const Recipe recipe : {Recipe::bf16, Recipe::bf16_autocast, Recipe::fp16_autocast}) {
        const Replica narrow = replica(recipe);
        EXPECT_EQ(narrow.names, wide.names);
        EXPECT_EQ(narrow.copies.empty(), recipe == Recipe::bf16_autocast);
        for (std::size_t i = 0; i < wide.parameters.size(); ++i)
            EXPECT_TRUE(narrow.parameters[i].equal(wide.parameters[i])) << to_string(recipe);
        for (std::size_t i = 0; i < narrow.copies.size(); ++i)
            EXPECT_TRUE(narrow.copies[i].equal(wide.parameters[i].to(scalar_type(recipe)))) << to_string(recipe);
    }
}

TEST(Replica, ASumKeptInBf16IsRoundedWithEachAddition) {
    Replica one = replica(Recipe::fp64);
    keep_sums_in(one, at::kBFloat16);
    const at::Tensor& parameter = one.parameters[1];
    for (int k = 0; k < 3; ++k) parameter.sum().mul(k == 0 ? 256 : 1).backward();
    EXPECT_EQ(parameter.grad().scalar_type(), at::kDouble);
    EXPECT_TRUE(parameter.grad().eq(256).all().item<bool>()) << "256 + 1 needs nine bits";
}

TEST(Replica, DependsOnTheSeed) {
    Trial other = small_trial({4, 1, 1});
    other.seed = 2;
    EXPECT_FALSE(replica(Recipe::fp64).parameters[0].equal(make_replica(find_case("mlp"), other, 0, 6).parameters[0]));
}

TEST(Replica, ZeroGradClearsAndCounts) {
    Replica one = replica(Recipe::fp64);
    one.parameters[0].mutable_grad() = at::ones_like(one.parameters[0]);
    one.zero_grad();
    EXPECT_FALSE(one.parameters[0].grad().defined());
    EXPECT_EQ(one.counters.zero_grads, 1);
    EXPECT_EQ(gradient_of(one.parameters[0]).abs().sum().item<double>(), 0);
}

TEST(Replica, ScheduleFollowsItsOwnCounter) {
    Replica one = replica(Recipe::fp64);
    const double base = one.optimizer.lr().at(0);
    one.schedule_step();
    EXPECT_DOUBLE_EQ(one.optimizer.lr().at(0), base * rate(1, 6, 0));
    EXPECT_EQ(one.counters, (Counters{0, 1, 0, 0}));
}

TEST(Replica, AnAverageIsCounted) {
    Replica one = replica(Recipe::fp64);
    ASSERT_TRUE(one.optimizer.averages());
    one.average();
    EXPECT_EQ(one.counters, (Counters{0, 0, 0, 1}));
}

TEST(Replica, WarmsUpFromItsFirstStep) {
    Trial trial = small_trial({4, 1, 1});
    trial.subject = "contrastive";
    const Replica one = make_replica(find_case("contrastive"), trial, 0, 6);
    EXPECT_DOUBLE_EQ(one.optimizer.lr().at(0), one.base_lr / 3);
}

TEST(Replica, DescribesItsParameters) {
    const std::vector<Parameter> parameters = describe(replica(Recipe::fp64));
    EXPECT_EQ(parameters[0], (Parameter{"layer0_weight", {16, 8}}));
    EXPECT_EQ(parameters.size(), 6U);
}

TEST(Replica, ProjectsToTheLatticeOnlyWhereTheCaseAsksForOne) {
    Replica real = replica(Recipe::fp64), lattice = make_replica(find_case("exact-mlp"), small_trial({4, 1, 1}), 0, 6);
    const at::NoGradGuard no_grad;
    for (Replica* one : {&real, &lattice})
        one->parameters[0].copy_(at::linspace(-2, 2, one->parameters[0].numel()).reshape(one->parameters[0].sizes()));
    const at::Tensor before = real.parameters[0].clone();
    real.project();
    EXPECT_TRUE(real.parameters[0].equal(before));
    lattice.project();
    EXPECT_TRUE(lattice.parameters[0].abs().le(1).logical_and(lattice.parameters[0].frac().eq(0)).all().item<bool>());
    EXPECT_EQ(lattice.parameters[0].reshape({-1})[0].item<double>(), -1);
}

}  // namespace isobatch
