#include "run/replica.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>
#include <torch/nn/module.h>

#include "run/tensors.h"

namespace isobatch {

void Replica::zero_grad() {
    for (at::Tensor& parameter : parameters) parameter.mutable_grad().reset();
    ++counters.zero_grads;
}

void Replica::optimizer_step() {
    optimizer.step();
    ++counters.optimizer_steps;
}

void Replica::project() {
    if (!ternary) return;
    const at::NoGradGuard no_grad;
    for (at::Tensor& parameter : parameters) parameter.round_().clamp_(-1, 1);
}

void Replica::schedule_step() {
    ++counters.scheduler_steps;
    optimizer.set_lr(base_lr * cosine(counters.scheduler_steps, schedule_total));
}

Replica make_replica(const Case& subject, const Trial& trial, int rank, std::int64_t schedule_total) {
    std::shared_ptr<torch::nn::Module> model =
        subject.make_model(scalar_type(trial.recipe), Seed{trial.seed}.split("model"));
    std::vector<std::string> names;
    std::vector<at::Tensor> parameters;
    for (const auto& entry : model->named_parameters()) {
        names.push_back(entry.key());
        parameters.push_back(entry.value());
    }
    const OptimizerChoice choice = chosen(subject.optimizer, trial.optimizer);
    Optimizer optimizer(choice, parameters);
    return {rank,           std::move(model), std::move(names), std::move(parameters), std::move(optimizer),
            schedule_total, choice.lr,        choice.clip_norm, choice.ternary,        {}};
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
