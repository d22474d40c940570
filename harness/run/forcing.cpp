#include "run/forcing.h"

#include <algorithm>

#include <ATen/core/grad_mode.h>

#include "base/check.h"
#include "base/lattice.h"
#include "base/text.h"
#include "run/tensors.h"

namespace isobatch {

namespace {

/// What a window holds, whatever its order.
std::string whole(std::vector<std::string> samples) {
    std::sort(samples.begin(), samples.end());
    return joined(samples, " ");
}

}  // namespace

Forcing::Forcing(const Trace& reference) {
    std::vector<std::string> names;
    for (const Parameter& parameter : reference.manifest.parameters) names.push_back(parameter.name);
    for (const Step& step : reference.ranks.at(0)) {
        std::vector<std::string> samples;
        for (const Micro& micro : step.micros)
            samples.insert(samples.end(), micro.samples.begin(), micro.samples.end());
        for (const std::string& key : {samples.at(0), whole(samples)})
            begins_[{step.epoch, key}] = static_cast<int>(after_.size());
        judged_.push_back(step.trusted.has_value());
        quanta_.emplace_back();
        State state;
        gradients_.emplace_back();
        for (std::size_t i = 0; i < names.size(); ++i) {
            gradients_.back().push_back(borrow(step.tensors.at("grad/" + names[i])));
            if (step.trusted)
                quanta_.back().push_back(lattice_quantum(step.tensors.at("scale/" + names[i]).as<double>()[0],
                                                         sum_bits(reference.manifest.recipe)));
            state.parameters.push_back(borrow(step.tensors.at("param/" + names[i])));
            state.slots.emplace_back();
            for (const char* slot : {"ema", "momentum", "step", "exp_avg", "exp_avg_sq"}) {
                const auto it = step.tensors.find(std::string("opt/") + slot + "/" + names[i]);
                if (it != step.tensors.end()) state.slots.back().push_back({slot, i, borrow(it->second)});
            }
        }
        after_.push_back(std::move(state));
    }
}

int Forcing::step_of(const Window& window) const {
    auto it = begins_.find({window.batch.epoch, std::to_string(window.samples.at(0))});
    if (it == begins_.end()) {  // it is still judged as the window whose samples it holds
        std::vector<std::string> samples;
        for (const std::int64_t sample : window.samples) samples.push_back(std::to_string(sample));
        it = begins_.find({window.batch.epoch, whole(std::move(samples))});
    }
    return it == begins_.end() ? -1 : it->second;
}

bool Forcing::judged(const Window& window) const {
    const int step = step_of(window);
    return step >= 0 && judged_[static_cast<std::size_t>(step)];
}

const std::vector<at::Tensor>& Forcing::gradients(const Window& window) const {
    ISOBATCH_CHECK(judged(window), "a window that the reference judges");
    return gradients_[static_cast<std::size_t>(step_of(window))];
}

std::vector<double> Forcing::quanta(const Window& window) const {
    return judged(window) ? quanta_[static_cast<std::size_t>(step_of(window))] : std::vector<double>();
}

void Forcing::apply(const Window& window, std::vector<Replica>& replicas) const {
    const int step = step_of(window);
    if (step < 1) return;
    const State& state = after_[static_cast<std::size_t>(step - 1)];
    const at::NoGradGuard no_grad;
    for (Replica& replica : replicas) {
        for (std::size_t i = 0; i < replica.parameters.size(); ++i) {
            replica.parameters[i].copy_(state.parameters[i]);
            if (!state.slots[i].empty()) replica.optimizer.set_state(i, state.slots[i]);
        }
    }
}

}  // namespace isobatch
