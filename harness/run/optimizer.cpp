#include "run/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros_like.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include "base/check.h"
#include "run/tensors.h"

namespace isobatch {

using Kind = OptimizerChoice::Kind;

namespace {

/// Matrices decay, biases and the weights of normalisations do not.
template <class Options>
std::vector<torch::optim::OptimizerParamGroup> groups_of(const std::vector<at::Tensor>& parameters,
                                                         const Options& options) {
    std::vector<at::Tensor> decaying, others;
    for (const at::Tensor& parameter : parameters)
        (parameter.dim() > 1 && options.weight_decay() != 0 ? decaying : others).push_back(parameter);
    std::vector<torch::optim::OptimizerParamGroup> groups;
    if (!decaying.empty()) groups.emplace_back(decaying, std::make_unique<Options>(options));
    Options plain = options;
    plain.weight_decay(0);
    if (!others.empty()) groups.emplace_back(others, std::make_unique<Options>(plain));
    return groups;
}

std::unique_ptr<torch::optim::Optimizer> make(const OptimizerChoice& choice,
                                              const std::vector<at::Tensor>& parameters) {
    switch (choice.kind) {
        case Kind::sgd: {
            const auto options = torch::optim::SGDOptions(choice.lr)
                                     .momentum(choice.momentum)
                                     .nesterov(choice.nesterov)
                                     .weight_decay(choice.weight_decay);
            return std::make_unique<torch::optim::SGD>(groups_of(parameters, options), options);
        }
        case Kind::adam: {
            const auto options = torch::optim::AdamOptions(choice.lr).weight_decay(choice.weight_decay);
            return std::make_unique<torch::optim::Adam>(groups_of(parameters, options), options);
        }
        case Kind::adamw: {
            const auto options = torch::optim::AdamWOptions(choice.lr).weight_decay(choice.weight_decay);
            return std::make_unique<torch::optim::AdamW>(groups_of(parameters, options), options);
        }
    }
    broken_promise("optimizer", "unknown optimizer", __FILE__, __LINE__);
}

/// What LibTorch keeps for a parameter: a momentum, or a count and two moments.
struct Kept {
    std::int64_t steps = 0;
    at::Tensor first, second;
};

Kept kept_of(Kind kind, const torch::optim::OptimizerParamState& state) {
    const auto moments = [](const auto& own) { return Kept{own.step(), own.exp_avg(), own.exp_avg_sq()}; };
    if (kind == Kind::adam) return moments(static_cast<const torch::optim::AdamParamState&>(state));
    if (kind == Kind::adamw) return moments(static_cast<const torch::optim::AdamWParamState&>(state));
    return {0, static_cast<const torch::optim::SGDParamState&>(state).momentum_buffer(), {}};
}

const at::Tensor& slot(const std::vector<Optimizer::Slot>& slots, const char* name) {
    const auto it = std::find_if(slots.begin(), slots.end(), [&](const Optimizer::Slot& s) { return s.name == name; });
    ISOBATCH_CHECK(it != slots.end(), "the state that is set has every slot of its kind");
    return it->value;
}

/// A copy of what a trace may hold, where the parameter is.
at::Tensor copy_for(const at::Tensor& parameter, const at::Tensor& value) {
    return value.to(parameter.device(), value.scalar_type(), false, true);
}

template <class State>
std::unique_ptr<State> moments(const at::Tensor& parameter, const std::vector<Optimizer::Slot>& slots) {
    auto state = std::make_unique<State>();
    state->step(slot(slots, "step").item<std::int64_t>());
    state->exp_avg(copy_for(parameter, slot(slots, "exp_avg")));
    state->exp_avg_sq(copy_for(parameter, slot(slots, "exp_avg_sq")));
    return state;
}

}  // namespace

Optimizer::Optimizer(const OptimizerChoice& choice, std::vector<at::Tensor> parameters)
    : kind_(choice.kind),
      parameters_(std::move(parameters)),
      decay_(choice.average),
      optimizer_(make(choice, parameters_)) {
    for (const at::Tensor& parameter : parameters_)
        if (decay_ > 0) averages_.push_back(parameter.detach().clone());
}

Optimizer::~Optimizer() = default;
Optimizer::Optimizer(Optimizer&&) noexcept = default;
Optimizer& Optimizer::operator=(Optimizer&&) noexcept = default;

void Optimizer::step(std::int64_t counts, bool decays) {
    if (!decays) return step_without_decay(counts);
    // What it takes for several was that many before it is corrected; what it never counts, it forgets afterwards.
    if (counts > 1) count(counts - 1);
    optimizer_->step();
    if (counts < 1) count(-1);
}

void Optimizer::count(std::int64_t more) {
    if (kind_ == Kind::sgd) return;
    std::vector<std::vector<Slot>> slots(parameters_.size());
    for (const Slot& one : state())
        if (one.name != "ema") slots[one.parameter].push_back(one);
    for (std::size_t p = 0; p < parameters_.size(); ++p) {
        if (slots[p].empty() && !parameters_[p].grad().defined()) continue;
        if (slots[p].empty())  // as LibTorch begins
            slots[p] = {{"step", p, at::scalar_tensor(0, at::TensorOptions().dtype(at::kLong))},
                        {"exp_avg", p, at::zeros_like(parameters_[p])},
                        {"exp_avg_sq", p, at::zeros_like(parameters_[p])}};
        slots[p][0].value = slots[p][0].value.add(more);  // `step` is the first
        set_state(p, slots[p]);
    }
}

std::int64_t Optimizer::counted() const {
    std::int64_t most = 0;
    for (const auto& [parameter, state] : optimizer_->state()) most = std::max(most, kept_of(kind_, *state).steps);
    return most;
}

std::int64_t Optimizer::bytes() const {
    std::int64_t bytes = bytes_of(averages_);
    for (const auto& [parameter, state] : optimizer_->state()) {
        const Kept kept = kept_of(kind_, *state);
        bytes += bytes_of(kept.first) + bytes_of(kept.second);
    }
    return bytes;
}

void Optimizer::average() {
    const at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < averages_.size(); ++i) averages_[i].lerp_(parameters_[i], 1 - decay_);
}

void Optimizer::set_lr(double lr) {
    for (auto& group : optimizer_->param_groups()) group.options().set_lr(lr);
}

std::vector<double> Optimizer::lr() const {
    std::vector<double> rates;
    for (auto& group : optimizer_->param_groups()) rates.push_back(group.options().get_lr());
    return rates;
}

namespace {

/// What the groups' weights decay by, each to be read and set through the visitor.
template <class Visit>
void each_decay(Kind kind, std::vector<torch::optim::OptimizerParamGroup>& groups, Visit visit) {
    for (auto& group : groups) switch (kind) {
            case Kind::sgd:
                visit(static_cast<torch::optim::SGDOptions&>(group.options()).weight_decay());
                break;
            case Kind::adam:
                visit(static_cast<torch::optim::AdamOptions&>(group.options()).weight_decay());
                break;
            case Kind::adamw:
                visit(static_cast<torch::optim::AdamWOptions&>(group.options()).weight_decay());
                break;
        }
}

}  // namespace

bool Optimizer::decays() const {
    bool any = false;
    each_decay(kind_, optimizer_->param_groups(), [&](double decay) { any |= decay != 0; });
    return any;
}

void Optimizer::step_without_decay(std::int64_t counts) {
    std::vector<double> kept;
    each_decay(kind_, optimizer_->param_groups(), [&](double& decay) { kept.push_back(std::exchange(decay, 0)); });
    step(counts);
    auto next = kept.begin();
    each_decay(kind_, optimizer_->param_groups(), [&](double& decay) { decay = *next++; });
}

std::vector<Optimizer::Slot> Optimizer::state() const {
    std::vector<Slot> slots;
    for (std::size_t i = 0; i < averages_.size(); ++i) slots.push_back({"ema", i, averages_[i]});
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        const auto it = optimizer_->state().find(parameters_[i].unsafeGetTensorImpl());
        if (it == optimizer_->state().end()) continue;
        const Kept kept = kept_of(kind_, *it->second);
        if (kind_ != Kind::sgd) {
            slots.push_back({"step", i, at::scalar_tensor(kept.steps, at::TensorOptions().dtype(at::kLong))});
            slots.push_back({"exp_avg", i, kept.first});
            slots.push_back({"exp_avg_sq", i, kept.second});
        } else if (kept.first.defined()) {
            slots.push_back({"momentum", i, kept.first});
        }
    }
    return slots;
}

void Optimizer::set_state(std::size_t parameter, const std::vector<Slot>& slots) {
    const auto own = std::find_if(slots.begin(), slots.end(), [](const Slot& one) { return one.name != "ema"; });
    for (const Slot& one : slots)
        if (one.name == "ema") averages_.at(parameter).copy_(one.value);
    if (own == slots.end()) {
        optimizer_->state().erase(parameters_[parameter].unsafeGetTensorImpl());
        return;
    }
    auto& entry = optimizer_->state()[parameters_[parameter].unsafeGetTensorImpl()];
    if (kind_ == Kind::sgd) {
        auto state = std::make_unique<torch::optim::SGDParamState>();
        state->momentum_buffer(copy_for(parameters_[parameter], slot(slots, "momentum")));
        entry = std::move(state);
    } else if (kind_ == Kind::adam) {
        entry = moments<torch::optim::AdamParamState>(parameters_[parameter], slots);
    } else {
        entry = moments<torch::optim::AdamWParamState>(parameters_[parameter], slots);
    }
}

OptimizerChoice chosen(const OptimizerChoice& own, const std::string& name) {
    OptimizerChoice choice = own;
    if (name.empty()) return choice;
    const bool adam = name.starts_with("adam");
    choice.kind = name == "adam" ? Kind::adam : adam ? Kind::adamw : Kind::sgd;
    choice.momentum = name == "momentum" || name == "nesterov" ? 0.9 : 0;
    choice.nesterov = name == "nesterov";
    choice.weight_decay = 0.01;
    // A rate of the other family would not train: Adam's steps have the size of the rate, SGD's that of the gradient.
    if (adam != (own.kind != Kind::sgd)) choice.lr = adam ? 0.01 : 0.05;
    return choice;
}

double rate(std::int64_t done, std::int64_t total, std::int64_t warmup) {
    if (done < warmup) return static_cast<double>(done + 1) / static_cast<double>(warmup + 1);
    const std::int64_t length = std::max<std::int64_t>(total - warmup, 1);
    return 0.5 * (1 + std::cos(std::numbers::pi * static_cast<double>(std::min(done - warmup, length)) /
                               static_cast<double>(length)));
}

}  // namespace isobatch
