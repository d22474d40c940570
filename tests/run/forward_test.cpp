#include "run/forward.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/matmul.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include "small_trial.h"

namespace isobatch {

namespace {

constexpr std::int64_t samples[] = {0, 1, 2, 3};

struct Pass {
    double loss;
    std::vector<at::Tensor> gradients;
};

/// One backward of the summed loss, scaled as the loop scales it.
Pass pass(const isobatch::Setup& setup, const Replica& replica) {
    for (at::Tensor parameter : replica.parameters) parameter.mutable_grad().reset();
    const at::Tensor loss = forward(setup, replica, samples);
    EXPECT_GE(loss.element_size(), 4U);
    loss.mul(loss_scale(replica.recipe)).backward();
    Pass done{loss.item<double>(), {}};
    for (const at::Tensor& parameter : replica.parameters) done.gradients.push_back(parameter.grad().clone());
    return done;
}

Trial trial_of(const std::string& subject, Recipe recipe) {
    Trial trial = small_trial({4, 1, 1}, recipe);
    trial.subject = subject;
    return trial;
}

Pass pass(const std::string& subject, Recipe recipe) {
    const isobatch::Setup setup = make_setup(trial_of(subject, recipe));
    return pass(setup, make_replica(*setup.subject, setup.trial, 0, 6));
}

double distance(const Pass& a, const Pass& b) {
    double square = 0, size = 0;
    for (std::size_t p = 0; p < a.gradients.size(); ++p) {
        square += (a.gradients[p].to(at::kDouble) - b.gradients[p].to(at::kDouble)).square().sum().item<double>();
        size += b.gradients[p].to(at::kDouble).square().sum().item<double>();
    }
    return std::sqrt(square / size);
}

}  // namespace

TEST(Forward, GivesParametersTheirGradientsInTheFormatOfTheSum) {
    for (const char* subject : {"lesson", "mlp", "gpt"}) {
        const Pass exact = pass(subject, Recipe::fp64);
        for (const Recipe recipe : known_recipes) {
            const Pass own = pass(subject, recipe);
            for (const at::Tensor& gradient : own.gradients)
                EXPECT_EQ(gradient.scalar_type(), recipe == Recipe::fp64 ? at::kDouble : at::kFloat);
            // As far as its arithmetic says, and no nearer: it does compute in what it names.
            const double off = distance(own, exact);
            const double roundoff = recipe == Recipe::fp16_autocast ? 0x1p-11 : 0x1p-8;
            if (computes_narrow(recipe)) {
                EXPECT_GT(off, roundoff / 16) << subject << " " << to_string(recipe);
                EXPECT_LT(off, 16 * roundoff) << subject << " " << to_string(recipe);
                EXPECT_NEAR(own.loss, exact.loss, 16 * roundoff * exact.loss);
            } else {
                EXPECT_LT(off, 64 * unit_roundoff(recipe)) << subject << " " << to_string(recipe);
            }
        }
    }
}

TEST(Forward, ComputesWithWhatTheParametersAreNow) {
    for (const Recipe recipe : known_recipes) {
        const isobatch::Setup setup = make_setup(trial_of("mlp", recipe));
        Replica replica = make_replica(*setup.subject, setup.trial, 0, 6);
        const Pass first = pass(setup, replica);
        EXPECT_EQ(pass(setup, replica).loss, first.loss) << "twice the same";
        EXPECT_EQ(distance(pass(setup, replica), first), 0);
        const at::NoGradGuard no_grad;
        for (at::Tensor& parameter : replica.parameters) parameter.mul_(2);
        EXPECT_NE(forward(setup, replica, samples).item<double>(), first.loss) << to_string(recipe);
    }
}

TEST(Forward, LeavesAutocastAsItWas) {
    const at::Tensor one = pass("lesson", Recipe::bf16_autocast).gradients[0];
    EXPECT_EQ(at::matmul(one, one.t()).scalar_type(), at::kFloat);
}

}  // namespace isobatch
