#include "run/restart.h"

#include <limits>
#include <map>
#include <string>

#include <ATen/core/Dict.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/scalar_tensor.h>
#include <fmt/format.h>
#include <torch/csrc/jit/serialization/pickle.h>
#include <torch/nn/module.h>

namespace isobatch {

namespace {

using Kept = c10::Dict<std::string, at::Tensor>;

/// What the keys of a parameter's state begin with; the slot's name follows.
std::string prefix_of(std::size_t parameter) {
    return fmt::format("opt/{}/", parameter);
}

/// Parameters and buffers: what is overwritten where it lies, since others hold it too.
std::map<std::string, at::Tensor> tensors_of(const Replica& replica) {
    std::map<std::string, at::Tensor> tensors;
    for (std::size_t p = 0; p < replica.parameters.size(); ++p)
        tensors[fmt::format("param/{}", p)] = replica.parameters[p];
    for (const auto& buffer : replica.model->named_buffers()) tensors["buffer/" + buffer.key()] = buffer.value();
    return tensors;
}

void forget(Replica& replica) {
    const auto wipe = [](const at::Tensor& tensor) {
        tensor.fill_(tensor.is_floating_point() ? std::numeric_limits<double>::quiet_NaN() : -1);
    };
    for (const auto& [key, tensor] : tensors_of(replica)) wipe(tensor);
    for (const Optimizer::Slot& slot : replica.optimizer.state()) wipe(slot.value);
    for (std::size_t p = 0; p < replica.parameters.size(); ++p) {
        replica.parameters[p].mutable_grad().reset();
        replica.optimizer.set_state(p, {});
    }
    replica.go_on_at(0);
}

}  // namespace

std::vector<char> checkpoint_of(const Replica& replica) {
    Kept kept;
    for (const auto& [key, tensor] : tensors_of(replica)) kept.insert(key, tensor.detach());
    for (const Optimizer::Slot& slot : replica.optimizer.state())
        kept.insert(prefix_of(slot.parameter) + slot.name, slot.value.detach());
    kept.insert("schedule", at::scalar_tensor(replica.counters.scheduler_steps, at::kLong));
    return torch::jit::pickle_save(kept);
}

void restart_from(const std::vector<char>& checkpoint, Replica& replica) {
    const at::NoGradGuard no_grad;
    forget(replica);
    const Kept kept = torch::jit::pickle_load(checkpoint).to<Kept>();
    for (auto& [key, tensor] : tensors_of(replica)) tensor.copy_(kept.at(key));
    for (std::size_t p = 0; p < replica.parameters.size(); ++p) {
        std::vector<Optimizer::Slot> slots;
        const std::string prefix = prefix_of(p);
        for (const auto& entry : kept)
            if (entry.key().starts_with(prefix)) slots.push_back({entry.key().substr(prefix.size()), p, entry.value()});
        replica.optimizer.set_state(p, slots);
    }
    replica.go_on_at(kept.at("schedule").item<std::int64_t>());
}

}  // namespace isobatch
