#include "run/recorder.h"

#include <fmt/format.h>

#include "run/forced_update.h"
#include "run/tensors.h"

namespace isobatch {

double Recorder::lap() {
    const auto now = Clock::now();
    const double ms = std::chrono::duration<double, std::milli>(now - last_).count();
    last_ = now;
    return ms;
}

Step& Recorder::open(int rank) {
    return steps_[rank];
}

void Recorder::window_begins(const Window& window, std::vector<Replica>& replicas) {
    judged_ = level_ >= Level::grads;
    if (forcing_) {
        forcing_->apply(window, replicas);
        judged_ = judged_ && forcing_->judged(window);
    }
    for (const Replica& replica : replicas) {
        Step& step = open(replica.rank);
        step.epoch = window.batch.epoch;
        step.loss = 0;
    }
    if (beats_) beats_({replicas[0].counters.optimizer_steps + 1});
    window_ms_ = 0;
    lap();
}

void Recorder::forward_ends() {
    forward_ms_ = lap();
    window_ms_ += forward_ms_;
}

void Recorder::exchange_begins(const Replica& replica) {
    if (beats_) beats_({replica.counters.optimizer_steps + 1, true});
}

void Recorder::backward_ends(const Replica& replica, const Window& window, const Slice& micro,
                             const at::Tensor& loss_sum, double weight) {
    const double backward_ms = lap();
    window_ms_ += backward_ms;
    Step& step = open(replica.rank);
    Micro entry{.index = micro.micro, .weight = weight, .forward_ms = forward_ms_, .backward_ms = backward_ms};
    for (const std::int64_t sample : window.of(micro)) entry.samples.push_back(std::to_string(sample));
    entry.units = window.units_of(micro);
    entry.padded_units = data_->padded_units(window.of(micro));
    entry.loss = loss_sum.item<double>();
    step.loss = *step.loss + entry.loss * weight;
    step.events.push_back(fmt::format("backward {}", micro.micro));
    step.micros.push_back(std::move(entry));
    lap();
}

void Recorder::note(const Replica& replica, std::string event) {
    open(replica.rank).events.push_back(std::move(event));
}

void Recorder::gradient_ready(const Replica& replica, const Window& window) {
    window_ms_ += lap();
    Step& step = open(replica.rank);
    if (judged_ || level_ == Level::full)
        for (std::size_t i = 0; i < replica.parameters.size(); ++i)
            step.tensors["grad/" + replica.names[i]] = snapshot(gradient_of(replica.parameters[i]));
    if (trust_) trust_(window, replica, step);
    step.lr = replica.optimizer.lr();
    lap();
}

void Recorder::update_begins(Replica& replica, const Window& window, const std::function<void(Replica&)>& update) {
    if (!judged_ || !forcing_) return;
    window_ms_ += lap();
    Step& step = open(replica.rank);
    for (auto& [key, tensor] : forced_update(replica, forcing_->gradients(window), update))
        step.tensors[key] = std::move(tensor);
    lap();
}

void Recorder::clipped(const Replica& replica, const Clip& clip) {
    Step& step = open(replica.rank);
    step.grad_norm = clip.norm;
    step.clip_threshold = clip.threshold;
    step.clip_factor = clip.factor;
    step.events.emplace_back("clip");
}

void Recorder::step_ends(const Replica& replica, std::optional<Collectives> moved) {
    window_ms_ += lap();
    Step& step = open(replica.rank);
    step.number = replica.counters.optimizer_steps;
    step.counters = replica.counters;
    step.step_ms = window_ms_;
    step.collectives = std::move(moved);
    if (level_ == Level::full) {
        for (std::size_t i = 0; i < replica.parameters.size(); ++i)
            step.tensors["param/" + replica.names[i]] = snapshot(replica.parameters[i]);
        for (const Optimizer::Slot& slot : replica.optimizer.state())
            step.tensors[fmt::format("opt/{}/{}", slot.name, replica.names[slot.parameter])] = snapshot(slot.value);
    }
    sink_->step(replica.rank, std::move(step));
    step = Step{};
    lap();
}

}  // namespace isobatch
