#include "run/recorder.h"

#include <thread>

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include "run/forcing.h"
#include "run/loop.h"
#include "run/matrix.h"
#include "run/reference.h"
#include "run/serial_engine.h"
#include "small_trial.h"

namespace isobatch {

namespace {
Trace recorded(const Split& split, Level level) {
    return run_trial(make_setup(small_trial(split)), level, nullptr, std::nullopt);
}
}  // namespace

TEST(Recorder, EventsComeInTheOrderInWhichTheyHappened) {
    const Trace trace = recorded({1, 2, 2}, Level::losses);
    ASSERT_EQ(trace.ranks.size(), 2U);
    EXPECT_EQ(trace.ranks[0][0].events, (std::vector<std::string>{"backward 0", "backward 1", "reduce", "clip", "step",
                                                                  "average", "schedule", "zero"}));
    EXPECT_EQ(recorded({2, 2, 1}, Level::losses).ranks[0][0].events,
              (std::vector<std::string>{"backward 0", "backward 1", "clip", "step", "average", "schedule", "zero"}));
}

TEST(Recorder, CountsAndRatesAreThoseOfTheStep) {
    const Trace trace = recorded({4, 1, 1}, Level::losses);
    const std::vector<Step>& steps = trace.ranks[0];
    ASSERT_EQ(steps.size(), 6U);
    for (std::size_t k = 0; k < steps.size(); ++k) {
        EXPECT_EQ(steps[k].number, static_cast<std::int64_t>(k + 1));
        EXPECT_EQ(steps[k].counters.scheduler_steps, static_cast<std::int64_t>(k + 1));
        EXPECT_EQ(steps[k].epoch, k < 3 ? 1 : 2);
        EXPECT_DOUBLE_EQ(steps[k].lr[0], 0.1 * rate(static_cast<std::int64_t>(k), 6, 0));
    }
}

TEST(Recorder, MicrosNameTheirSamplesAndUnits) {
    const Trace trace = recorded({2, 2, 1}, Level::losses);
    const isobatch::Setup setup = make_setup(small_trial({2, 2, 1}));
    const Window window = setup.window(setup.batches()[0]);
    const std::vector<Micro>& micros = trace.ranks[0][0].micros;
    ASSERT_EQ(micros.size(), 2U);
    EXPECT_EQ(micros[1].samples,
              (std::vector<std::string>{std::to_string(window.samples[2]), std::to_string(window.samples[3])}));
    EXPECT_EQ(micros[1].units, window.micro_units[1]);
    EXPECT_GE(micros[1].padded_units, micros[1].units);
    EXPECT_DOUBLE_EQ(*micros[1].weight, 1 / window.units);
    EXPECT_DOUBLE_EQ(*trace.ranks[0][0].loss, (micros[0].loss + micros[1].loss) / window.units);
}

TEST(Recorder, SaysWhereItIs) {
    std::vector<Beat> beats;
    run_trial(make_setup(small_trial({1, 2, 2})), Level::losses, nullptr, std::nullopt,
              [&](const Beat& beat) { beats.push_back(beat); });
    ASSERT_EQ(beats.size(), 18U) << "six windows: the start, and the exchange of two ranks";
    for (std::size_t i = 0; i < beats.size(); ++i) {
        EXPECT_EQ(beats[i].window, static_cast<std::int64_t>(i / 3 + 1));
        EXPECT_EQ(beats[i].exchanging, i % 3 > 0);
    }
}

/// As gloo does, whose workers let go of what was broadcast when they come to it.
TEST(Recorder, WhatAnotherThreadLetsGoWhileItWorksIsNotItsOwn) {
    count_held_bytes();
    const isobatch::Setup setup = make_setup(small_trial({2, 2, 1}));
    const Held before = held_now(at::kCPU);
    std::vector<Replica> replicas;
    replicas.push_back(make_replica(*setup.subject, setup.trial, 0, setup.horizon()));
    at::Tensor broadcast = at::ones({1 << 20}, at::kByte);
    const auto let_go = [&](const Beat&) {
        if (broadcast.defined()) std::thread([own = std::move(broadcast)]() mutable { own.reset(); }).join();
    };
    MemorySink sink(1);
    SerialEngine engine(std::move(replicas), setup.decisions, mesh_of(setup.trial));
    Recorder recorder(sink, setup.data, Level::losses, nullptr, nullptr, let_go, before);
    train(setup, engine, recorder);
    for (const Step& step : sink.trace().ranks[0]) {
        EXPECT_LT(step.memory.buckets, 1 << 10) << "step " << *step.number;
        EXPECT_GT(step.memory.steady, 0);
    }
}

TEST(Recorder, LevelsHoldWhatTheyPromise) {
    EXPECT_TRUE(recorded({4, 1, 1}, Level::losses).ranks[0][0].tensors.empty());
    const Tensors grads = recorded({4, 1, 1}, Level::grads).ranks[0][1].tensors;
    EXPECT_TRUE(grads.contains("grad/layer1_bias"));
    EXPECT_FALSE(grads.contains("param/layer1_bias"));
    const Tensors full = recorded({4, 1, 1}, Level::full).ranks[0][1].tensors;
    EXPECT_TRUE(full.contains("param/layer1_bias"));
    EXPECT_TRUE(full.contains("opt/momentum/layer1_bias"));
}

TEST(Recorder, TimesAreThereAndTheStepIsNotLessThanItsMicros) {
    const Trace trace = recorded({2, 2, 1}, Level::grads);
    for (const Step& step : trace.ranks[0]) {
        double micros = 0;
        for (const Micro& micro : step.micros) micros += micro.forward_ms + micro.backward_ms;
        EXPECT_GT(micros, 0);
        EXPECT_GE(step.step_ms, micros);
        EXPECT_GT(step.processor_ms, 0);
        EXPECT_LE(step.processor_ms, 2 * step.step_ms);  // one thread; two where the clocks are read apart
    }
}

TEST(Recorder, TriesAnUpdateWithoutDecayWhereItMayBeLostAndAnOverflowWhereLossesAreScaled) {
    const auto kinds = [](const Trial& trial) {
        const Trace reference = make_reference(trial);
        const Forcing forcing(reference);
        const Trace trace = run_trial(make_setup(trial), Level::grads, &forcing, std::nullopt);
        std::vector<std::string> names;
        for (const auto& [kind, made] : trace.ranks[0][1].made) names.push_back(kind);
        EXPECT_TRUE(trace.ranks[0][1].tensors.contains("forced/param/" + trace.manifest.parameters[0].name));
        return names;
    };
    using Kinds = std::vector<std::string>;
    Trial trial = small_trial({2, 2, 1});
    EXPECT_EQ(kinds(trial), (Kinds{"opt", "param"})) << "nothing decays";
    trial.optimizer = "adamw";
    EXPECT_EQ(kinds(trial), (Kinds{"opt", "param", "undecayed"}));
    trial.split = {4, 1, 1};
    EXPECT_EQ(kinds(trial), (Kinds{"opt", "param"})) << "nothing is accumulated";
    trial.recipe = Recipe::fp16_autocast;
    EXPECT_EQ(kinds(trial), (Kinds{"opt", "overflow", "param"}));
}

}  // namespace isobatch
