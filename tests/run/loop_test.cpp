#include "run/loop.h"

#include <algorithm>
#include <limits>

#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "judge/compare.h"
#include "run/matrix.h"
#include "run/reference.h"
#include "run/tensors.h"
#include "small_trial.h"

namespace isobatch {

namespace {

/// The lesson's loop without any harness: the last parameters after every window.
std::vector<at::Tensor> bare_loop(const Trial& trial) {
    const isobatch::Setup setup = make_setup(trial);
    Replica one = make_replica(*setup.subject, trial, 0, static_cast<std::int64_t>(setup.batches().size()));
    for (const Batch& batch : setup.batches()) {
        const Window window = setup.window(batch);
        for (const Slice& micro : window.micros) {
            const at::Tensor loss =
                setup.subject->loss_sum(*one.model, setup.examples(window.of(micro), scalar_type(trial.recipe)));
            loss.div(window.units).backward();
        }
        clip_by_norm(one.parameters, one.clip_norm);
        one.optimizer.step();
        one.schedule_step();
        one.zero_grad();
    }
    return one.parameters;
}

}  // namespace

TEST(Loop, IsTheBareLoopBitForBit) {
    for (const Recipe recipe : {Recipe::fp64, Recipe::fp32}) {
        const Trial trial = small_trial({2, 2, 1}, recipe);
        const Trace trace = run_trial(make_setup(trial), Level::full, nullptr, std::nullopt);
        const std::vector<at::Tensor> expected = bare_loop(trial);
        for (std::size_t i = 0; i < expected.size(); ++i)
            EXPECT_TRUE(borrow(trace.ranks[0].back().tensors.at("param/" + trace.manifest.parameters[i].name))
                            .equal(expected[i]));
    }
}

TEST(Loop, RanksOfACorrectTrainerAgreeBitForBit) {
    const Trace trace = run_trial(make_setup(small_trial({1, 1, 4})), Level::full, nullptr, std::nullopt);
    for (std::size_t k = 0; k < trace.ranks[0].size(); ++k)
        for (int rank = 1; rank < 4; ++rank)
            for (const auto& [key, tensor] : trace.ranks[0][k].tensors)
                EXPECT_TRUE(identical(tensor, trace.ranks[static_cast<std::size_t>(rank)][k].tensors.at(key))) << key;
}

TEST(Loop, ForcedRunFollowsTheReferenceIntoEveryWindow) {
    const Trial trial = small_trial({1, 4, 1}, Recipe::fp32);
    const Trace reference = make_reference(trial);
    std::vector<std::string> names;
    for (const Parameter& parameter : reference.manifest.parameters) names.push_back(parameter.name);
    const Forcing forcing(reference);
    isobatch::Setup setup = make_setup(trial);
    setup.decisions.divisor = [](const Window& window, const Slice&) {
        return window.units / 3;
    };  // badly wrong, yet it cannot add up
    const Trace wrong = run_trial(setup, Level::grads, &forcing, std::nullopt);
    for (std::size_t k = 0; k < wrong.ranks[0].size(); ++k) {
        if (!reference.ranks[0][k].trusted) continue;  // only judged windows hold a gradient
        const Tensor& gradient = wrong.ranks[0][k].tensors.at("grad/layer2_bias");
        const Tensor& truth = reference.ranks[0][k].tensors.at("grad/layer2_bias");
        for (std::size_t j = 0; j < truth.count(); ++j)
            EXPECT_NEAR(gradient.as<float>()[j], 3 * truth.as<float>()[j], 1e-5);
    }
}

TEST(Loop, AStepOfAnOverflowIsLeftOutAndCountsAsOne) {
    for (const Recipe recipe : {Recipe::fp32, Recipe::fp16_autocast}) {
        isobatch::Setup setup = make_setup(small_trial({2, 2, 1}, recipe));
        setup.decisions.disturbs = [](const Window& window, const Slice&, Replica& replica) {
            if (window.batch.index == 1)
                replica.parameters[0].mutable_grad().fill_(std::numeric_limits<double>::infinity());
        };
        const Trace trace = run_trial(setup, Level::full, nullptr, std::nullopt);
        const std::vector<Step>& steps = trace.ranks[0];
        EXPECT_EQ(identical(steps[0].tensors.at("param/layer0_weight"), steps[1].tensors.at("param/layer0_weight")),
                  recipe == Recipe::fp16_autocast);
        EXPECT_EQ(steps[1].number, 2);
        EXPECT_EQ(std::count(steps[1].events.begin(), steps[1].events.end(), "step"), 1);
        EXPECT_EQ(steps[1].grad_norm.has_value(), recipe == Recipe::fp32) << "nothing is clipped";
    }
}

}  // namespace isobatch
