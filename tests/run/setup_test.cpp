#include "run/setup.h"

#include <limits>
#include <set>

#include <ATen/ops/ones_like.h>
#include <gtest/gtest.h>

#include "../base/expect.h"
#include "run/replica.h"
#include "small_trial.h"

namespace isobatch {

TEST(Setup, EpochOrderIsAPermutationThatDependsOnEpochAndSeed) {
    const auto first = epoch_order(43, 1, Seed{1});
    EXPECT_EQ(std::set<std::int64_t>(first.begin(), first.end()).size(), 43U);
    EXPECT_EQ(first, epoch_order(43, 1, Seed{1}));
    EXPECT_NE(first, epoch_order(43, 2, Seed{1}));
    EXPECT_NE(first, epoch_order(43, 1, Seed{2}));
}

TEST(Setup, WindowHoldsTheSameSamplesInEverySplit) {
    const isobatch::Setup one = make_setup(small_trial({4, 1, 1})), four = make_setup(small_trial({1, 2, 2}));
    for (std::size_t b = 0; b < one.batches().size(); ++b) {
        const Window a = one.window(one.batches()[b]), c = four.window(four.batches()[b]);
        EXPECT_EQ(a.samples, c.samples);
        EXPECT_EQ(a.units, c.units);
    }
}

TEST(Setup, WindowKnowsItsMicros) {
    const isobatch::Setup setup = make_setup(small_trial({1, 2, 2}));
    const Window tail = setup.window(setup.batches()[2]);  // three samples: ranks 0, 1, 0
    ASSERT_EQ(tail.micros.size(), 3U);
    EXPECT_EQ(tail.micros_on(0), 2);
    EXPECT_EQ(tail.micros_on(1), 1);
    EXPECT_EQ(tail.most_micros(), 2);
    EXPECT_EQ(Window{}.most_micros(), 0);
    EXPECT_EQ(tail.of(tail.micros[1])[0], tail.samples[1]);
    double units = 0;
    for (const Slice& micro : tail.micros) units += tail.units_of(micro);
    EXPECT_EQ(units, tail.units);
    Window shaped = tail;
    shaped.micro_padded_units = {8, 8, 9};
    EXPECT_TRUE(shaped.same_shape(shaped.micros[0], shaped.micros[1]));
    EXPECT_FALSE(shaped.same_shape(shaped.micros[1], shaped.micros[2])) << "as many samples, padded to another length";
    EXPECT_EQ(tail.micro_padded_units[0], setup.data.padded_units(tail.of(tail.micros[0])));
}

TEST(Setup, ARestartIsFollowedByAnUpdate) {
    Trial trial = small_trial({4, 1, 1});  // six updates
    trial.restart = 5;
    EXPECT_EQ(make_setup(trial).trial.restart, 5);
    trial.restart = 6;
    const Error error = error_of([&] { make_setup(trial); });
    EXPECT_EQ(error.problem(), "none of the run's 6 updates follows update 6");
    EXPECT_EQ(error.where(), "--restart");
}

TEST(Setup, ExamplesComeInThePrecisionOfTheTrial) {
    const isobatch::Setup setup = make_setup(small_trial({4, 1, 1}));
    const std::int64_t samples[] = {0, 3};
    const Examples examples = setup.examples(samples, at::kFloat);
    EXPECT_EQ(examples[0].scalar_type(), at::kFloat);
    EXPECT_EQ(examples[1].scalar_type(), at::kLong);  // labels stay integers
}

TEST(Setup, ExamplesOfABf16RunHaveItsBitsInEveryPrecision) {
    const isobatch::Setup plain = make_setup(small_trial({4, 1, 1})),
                          narrow = make_setup(small_trial({4, 1, 1}, Recipe::bf16));
    const std::int64_t samples[] = {0, 3};
    const at::Tensor drawn = plain.examples(samples, at::kDouble)[0],
                     rounded = narrow.examples(samples, at::kDouble)[0];
    EXPECT_EQ(rounded.scalar_type(), at::kDouble);
    EXPECT_FALSE(rounded.equal(drawn));
    EXPECT_TRUE(rounded.equal(drawn.to(at::kBFloat16).to(at::kDouble)));
    EXPECT_TRUE(narrow.examples(samples, at::kBFloat16)[0].to(at::kDouble).equal(rounded));
}

TEST(Setup, ACaseThatNeedsNoRoundingIsRefusedInFewBits) {
    for (const Recipe recipe : known_recipes) {
        Trial trial = small_trial({4, 1, 1}, recipe);
        trial.subject = "exact-mlp";
        if (!computes_narrow(recipe)) {
            EXPECT_EQ(make_setup(trial).trial.subject, "exact-mlp");
            continue;
        }
        const Error error = error_of([&] { make_setup(trial); });
        EXPECT_EQ(error.where(), "--recipe");
        EXPECT_TRUE(says(error.next(), "fp64 or fp32"));
    }
}

TEST(Setup, WhatScalesALossIsNoIdentityInFp16) {
    Trial trial = small_trial({4, 1, 1}, Recipe::fp16_autocast);
    for (const char* identity : {"all", "scale", "null-micro,replicate-2", "replicate-4"}) {
        trial.identities = identity;
        EXPECT_EQ(error_of([&] { make_setup(trial); }).where(), "--identities") << identity;
    }
    trial.identities = "null-micro,swap-micros,swap-devices,one-device,cancel-micros,cancel-devices";
    EXPECT_NO_THROW(make_setup(trial));
    trial.recipe = Recipe::bf16;
    trial.identities = "all";
    EXPECT_NO_THROW(make_setup(trial));
}

TEST(Decisions, AStepIsLeftOutWhereLossesAreScaledAndAnEntryIsNotFinite) {
    for (const Recipe recipe : {Recipe::fp32, Recipe::fp16_autocast}) {
        const isobatch::Setup setup = make_setup(small_trial({1, 2, 2}, recipe));
        Replica replica = make_replica(*setup.subject, setup.trial, 0, 6);
        const Window window = setup.window(setup.batches()[0]);
        EXPECT_FALSE(setup.decisions.skips(window, replica)) << "no gradient at all";
        replica.parameters[1].mutable_grad() = at::ones_like(replica.parameters[1]).detach();
        EXPECT_FALSE(setup.decisions.skips(window, replica));
        for (const double value : {std::numeric_limits<double>::infinity(), std::nan("")}) {
            replica.parameters[1].mutable_grad().view({-1})[0].fill_(value);
            EXPECT_EQ(setup.decisions.skips(window, replica), recipe == Recipe::fp16_autocast);
        }
    }
}

TEST(Decisions, CorrectTrainerDividesByTheUnitsOfTheWindowPerDevice) {
    const isobatch::Setup setup = make_setup(small_trial({1, 2, 2}));
    const Window window = setup.window(setup.batches()[0]);
    EXPECT_EQ(setup.decisions.divisor(window, window.micros[0]), window.units / 2);
    EXPECT_FALSE(setup.decisions.clears_before(window, window.micros[1]));
    EXPECT_TRUE(setup.decisions.clears_after_step(window));
    EXPECT_TRUE(setup.decisions.trains_on(window));
}

}  // namespace isobatch
