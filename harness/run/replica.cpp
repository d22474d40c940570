#include "run/replica.h"

#include <fmt/format.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/nn/module.h>

#include "run/device.h"
#include "run/tensors.h"

namespace isobatch {

void Replica::zero_grad() {
    for (at::Tensor& parameter : parameters) parameter.mutable_grad().reset();
    ++counters.zero_grads;
}

void Replica::optimizer_step(std::int64_t counts, bool decays) {
    optimizer.step(counts, decays);
    ++counters.optimizer_steps;
    counters.counted_steps = optimizer.counted();
}

void Replica::skip_step() {
    ++counters.optimizer_steps;
}

void Replica::average() {
    optimizer.average();
    ++counters.ema_updates;
}

void Replica::project() {
    if (!ternary) return;
    const at::NoGradGuard no_grad;
    for (at::Tensor& parameter : parameters) parameter.round_().clamp_(-1, 1);
}

void Replica::schedule_step() {
    go_on_at(counters.scheduler_steps + 1);
}

void Replica::go_on_at(std::int64_t scheduler_steps) {
    counters.scheduler_steps = scheduler_steps;
    optimizer.set_lr(base_lr * rate(counters.scheduler_steps, schedule_total, warmup));
}

void each_state(const Replica& replica,
                const std::function<void(const std::string& key, const at::Tensor& tensor)>& visit) {
    for (std::size_t p = 0; p < replica.parameters.size(); ++p)
        visit("param/" + replica.names[p], replica.parameters[p]);
    for (const Optimizer::Slot& slot : replica.optimizer.state())
        visit(fmt::format("opt/{}/{}", slot.name, replica.names[slot.parameter]), slot.value);
}

namespace {

struct Rounding final : torch::autograd::PostAccumulateGradHook {
    explicit Rounding(at::ScalarType to) : format(to) {}
    void operator()(const torch::autograd::Variable& parameter) override {
        const at::NoGradGuard no_grad;
        parameter.mutable_grad().copy_(parameter.grad().to(format));
    }

    at::ScalarType format;
};

}  // namespace

void keep_sums_in(Replica& replica, at::ScalarType format) {
    for (const at::Tensor& parameter : replica.parameters)
        torch::autograd::impl::set_post_acc_grad_hooks(parameter, std::make_unique<Rounding>(format));
}

Replica make_replica(const Case& subject, const Trial& trial, int rank, std::int64_t schedule_total) {
    const Seed seed = Seed{trial.seed}.split("model");
    const bool copied = scalar_type(trial.recipe) == at::kBFloat16 || loss_scale(trial.recipe) != 1;
    const auto make = [&](at::ScalarType dtype) {
        std::shared_ptr<torch::nn::Module> model = subject.make_model(dtype, seed);  // drawn on the CPU: the same
        model->to(device_of(trial.device));
        return model;
    };
    std::shared_ptr<torch::nn::Module> model = make(scalar_type(trial.recipe));
    std::vector<std::string> names;
    std::vector<at::Tensor> parameters, copies;
    for (const auto& entry : model->named_parameters()) {
        names.push_back(entry.key());
        (copied ? copies : parameters).push_back(entry.value());
    }
    if (copied) parameters = make(at::kFloat)->parameters();
    for (at::Tensor& copy : copies) copy.set_requires_grad(false);  // it gets the gradient of what it copies
    const OptimizerChoice choice = chosen(subject.optimizer, trial.optimizer);
    Optimizer optimizer(choice, parameters);
    optimizer.set_lr(choice.lr * rate(0, schedule_total, choice.warmup));
    return {.rank = rank,
            .model = std::move(model),
            .names = std::move(names),
            .parameters = std::move(parameters),
            .optimizer = std::move(optimizer),
            .schedule_total = schedule_total,
            .base_lr = choice.lr,
            .clip_norm = choice.clip_norm,
            .clip_value = choice.clip_value,
            .warmup = choice.warmup,
            .ternary = choice.ternary,
            .counters = {},
            .recipe = trial.recipe,
            .copies = std::move(copies)};
}

std::vector<Parameter> describe(const Replica& replica) {
    std::vector<Parameter> parameters;
    for (std::size_t i = 0; i < replica.names.size(); ++i)
        parameters.push_back({replica.names[i], replica.parameters[i].sizes().vec()});
    return parameters;
}

at::Tensor gradient_of(const at::Tensor& parameter) {
    return parameter.grad().defined() ? parameter.grad() : at::zeros_like(parameter);
}

}  // namespace isobatch
