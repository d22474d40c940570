#include "run/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/scalar_tensor.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include "base/check.h"

namespace isobatch {

using Kind = OptimizerChoice::Kind;

namespace {

std::unique_ptr<torch::optim::Optimizer> make(const OptimizerChoice& choice,
                                              const std::vector<at::Tensor>& parameters) {
    switch (choice.kind) {
        case Kind::sgd:
            return std::make_unique<torch::optim::SGD>(
                parameters,
                torch::optim::SGDOptions(choice.lr).momentum(choice.momentum).weight_decay(choice.weight_decay));
        case Kind::adamw:
            return std::make_unique<torch::optim::AdamW>(
                parameters, torch::optim::AdamWOptions(choice.lr).weight_decay(choice.weight_decay));
    }
    broken_promise("optimizer", "unknown optimizer", __FILE__, __LINE__);
}

const at::Tensor& slot(const std::vector<Optimizer::Slot>& slots, const char* name) {
    const auto it = std::find_if(slots.begin(), slots.end(), [&](const Optimizer::Slot& s) { return s.name == name; });
    ISOBATCH_CHECK(it != slots.end(), "the state that is set has every slot of its kind");
    return it->value;
}

}  // namespace

Optimizer::Optimizer(const OptimizerChoice& choice, std::vector<at::Tensor> parameters)
    : kind_(choice.kind),
      ternary_(choice.ternary),
      parameters_(std::move(parameters)),
      optimizer_(make(choice, parameters_)),
      lr_(choice.lr) {}

Optimizer::~Optimizer() = default;
Optimizer::Optimizer(Optimizer&&) noexcept = default;
Optimizer& Optimizer::operator=(Optimizer&&) noexcept = default;

void Optimizer::step() {
    optimizer_->step();
    if (!ternary_) return;
    const at::NoGradGuard no_grad;
    for (at::Tensor& parameter : parameters_) parameter.round_().clamp_(-1, 1);
}

void Optimizer::set_lr(double lr) {
    lr_ = lr;
    for (auto& group : optimizer_->param_groups()) group.options().set_lr(lr);
}

std::vector<Optimizer::Slot> Optimizer::state() const {
    std::vector<Slot> slots;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        const auto it = optimizer_->state().find(parameters_[i].unsafeGetTensorImpl());
        if (it == optimizer_->state().end()) continue;
        if (kind_ == Kind::sgd) {
            const auto& state = static_cast<const torch::optim::SGDParamState&>(*it->second);
            if (state.momentum_buffer().defined()) slots.push_back({"momentum", i, state.momentum_buffer()});
        } else {
            const auto& state = static_cast<const torch::optim::AdamWParamState&>(*it->second);
            slots.push_back({"step", i, at::scalar_tensor(state.step(), at::TensorOptions().dtype(at::kLong))});
            slots.push_back({"exp_avg", i, state.exp_avg()});
            slots.push_back({"exp_avg_sq", i, state.exp_avg_sq()});
        }
    }
    return slots;
}

void Optimizer::set_state(std::size_t parameter, const std::vector<Slot>& slots) {
    if (slots.empty()) {
        optimizer_->state().erase(parameters_[parameter].unsafeGetTensorImpl());
        return;
    }
    auto& entry = optimizer_->state()[parameters_[parameter].unsafeGetTensorImpl()];
    if (kind_ == Kind::sgd) {
        auto state = std::make_unique<torch::optim::SGDParamState>();
        state->momentum_buffer(slot(slots, "momentum").clone());
        entry = std::move(state);
    } else {
        auto state = std::make_unique<torch::optim::AdamWParamState>();
        state->step(slot(slots, "step").item<std::int64_t>());
        state->exp_avg(slot(slots, "exp_avg").clone());
        state->exp_avg_sq(slot(slots, "exp_avg_sq").clone());
        entry = std::move(state);
    }
}

double cosine(std::int64_t done, std::int64_t total) {
    return 0.5 * (1 + std::cos(std::numbers::pi * static_cast<double>(std::min(done, total)) /
                               static_cast<double>(std::max<std::int64_t>(total, 1))));
}

}  // namespace isobatch
