#pragma once

#include <cmath>

#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "cases/draw.h"
#include "run/replica.h"
#include "run/setup.h"

namespace isobatch {

inline Setup case_setup(const std::string& name) {
    Trial trial;
    trial.subject = name;
    trial.samples = 11;
    trial.split = {4, 1, 1};
    return make_setup(trial);
}

inline double loss_of(const Setup& setup, const Replica& replica, std::vector<std::int64_t> samples) {
    const at::NoGradGuard no_grad;
    return setup.subject->loss_sum(*replica.model, setup.examples(samples, at::kDouble)).item<double>();
}

/// Puts a case that is made of whole numbers where no kink of its loss is: between them.
inline void off_the_lattice(const Replica& replica) {
    const at::NoGradGuard no_grad;
    std::uint64_t seed = 1;
    for (const at::Tensor& parameter : replica.parameters)
        parameter.add_(draw_normal(parameter.sizes(), 0.1, Seed{seed++}));
}

/// Autograd against central differences, one entry of every parameter: the model's pieces are wired as its loss says.
inline void expect_true_gradient(const std::string& name, void (*prepare)(const Replica&) = nullptr) {
    const Setup setup = case_setup(name);
    const Replica replica = make_replica(*setup.subject, setup.trial, 0, 1);
    if (prepare) prepare(replica);
    const std::vector<std::int64_t> samples{0, 1, 5, 7};
    setup.subject->loss_sum(*replica.model, setup.examples(samples, at::kDouble)).backward();
    for (std::size_t i = 0; i < replica.parameters.size(); ++i) {
        at::Tensor flat = replica.parameters[i].detach().reshape({-1});
        const std::int64_t at = flat.numel() / 2;
        const double value = flat[at].item<double>(), h = 1e-5;
        flat[at].fill_(value + h);
        const double above = loss_of(setup, replica, samples);
        flat[at].fill_(value - h);
        const double below = loss_of(setup, replica, samples);
        flat[at].fill_(value);
        // Truncation h² and cancellation u/h meet near 1e-10 of the loss's size.
        EXPECT_NEAR(gradient_of(replica.parameters[i]).reshape({-1})[at].item<double>(), (above - below) / (2 * h),
                    1e-6)
            << replica.names[i];
    }
}

/// The loss of a batch is the sum of its samples' losses whatever they are padded with: what accumulation relies on.
inline void expect_additive_loss(const std::string& name) {
    const Setup setup = case_setup(name);
    const Replica replica = make_replica(*setup.subject, setup.trial, 0, 1);
    double sum = 0;
    std::vector<std::int64_t> all;
    for (std::int64_t sample = 0; sample < setup.data.size(); ++sample) {
        sum += loss_of(setup, replica, {sample});
        all.push_back(sample);
    }
    EXPECT_NE(sum, 0);
    EXPECT_NEAR(loss_of(setup, replica, all), sum, 1e-12 * std::abs(sum));
}

}  // namespace isobatch
