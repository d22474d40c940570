#include "run/recorder.h"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "run/buffers.h"
#include "run/device.h"
#include "run/resident.h"
#include "run/tensors.h"

namespace isobatch {

namespace {
/// Of all threads of this process, which waits and other programs do not add to.
double processor_ms() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return 1e3 * static_cast<double>(used.tv_sec) + 1e-6 * static_cast<double>(used.tv_nsec);
}

/// What holds so many bytes in all.
Memory standing(const Replica& replica, std::int64_t held) {
    Memory memory{.parameters = bytes_of(replica.parameters) + bytes_of(replica.copies),
                  .optimizer = replica.optimizer.bytes()};
    for (const at::Tensor& parameter : replica.parameters) memory.gradients += bytes_of(parameter.grad());
    memory.buckets = std::max<std::int64_t>(0, held - memory.parameters - memory.gradients - memory.optimizer);
    return memory;
}

}  // namespace

Recorder::Lap& Recorder::Lap::operator+=(const Lap& other) {
    ms += other.ms;
    processor_ms += other.processor_ms;
    peaks.bytes = std::max(peaks.bytes, other.peaks.bytes);
    peaks.reserved = std::max(peaks.reserved, other.peaks.reserved);
    peaks.active = std::max(peaks.active, other.peaks.active);
    return *this;
}

Recorder::Lap Recorder::lap() {
    if (before_) finish(before_->device);
    const auto now = Clock::now();
    const double worked = processor_ms();
    Lap lap{std::chrono::duration<double, std::milli>(now - last_).count(), worked - last_processor_ms_, {}};
    if (before_) lap.peaks = take_peaks(before_->device);
    if (before_) lap.peaks.bytes -= before_->bytes;
    last_ = now;
    last_processor_ms_ = worked;
    if (before_) held_at_lap_ = held_now(before_->device).bytes;
    return lap;
}

Recorder::Lap Recorder::pause() {
    const Lap last = lap();
    if (before_) {
        require_within_bound(before_->device, last.peaks.bytes);
        held_here_at_pause_ = held_by_this_thread(before_->device);
        suspend_memory_bound();
    }
    return last;
}

void Recorder::resume() {
    if (before_) {
        before_->bytes += held_by_this_thread(before_->device) - held_here_at_pause_;
        resume_memory_bound(*before_);
    }
    lap();
}

Step& Recorder::open(int rank) {
    return steps_[rank];
}

void Recorder::window_begins(const Window& window, std::vector<Replica>& replicas) {
    pause();
    judged_ = level_ >= Level::grads;
    alone_ = replicas.size() == 1;
    if (forcing_) {
        forcing_->apply(window, replicas);
        judged_ = judged_ && forcing_->judged(window);
    }
    for (const Replica& replica : replicas) {
        if (std::vector<at::Tensor> before = buffers_of(replica); judged_ && forcing_ && !before.empty())
            buffers_[replica.rank].before = std::move(before);
        Step& step = open(replica.rank);
        step.epoch = window.batch.epoch;
        step.loss = 0;
        const auto micros = static_cast<std::size_t>(window.most_micros());
        step.micros.reserve(micros);
        step.events.reserve(3 * micros + 8);  // of a micro at most a clear, its backward and an exchange
    }
    if (beats_) beats_({replicas[0].counters.optimizer_steps + 1});
    window_ = {};
    resume();
}

void Recorder::forward_ends() {
    const Lap forward = lap();
    if (before_) require_within_bound(before_->device, forward.peaks.bytes);
    forward_ms_ = forward.ms;
    window_ += forward;
}

void Recorder::exchange_begins(const Replica& replica) {
    if (beats_) beats_({replica.counters.optimizer_steps + 1, true});
}

void Recorder::backward_ends(const Replica& replica, const Window& window, const Slice& micro,
                             const at::Tensor& loss_sum, double weight, double reported) {
    const Lap backward = pause();
    window_ += backward;
    Step& step = open(replica.rank);
    Micro entry{.index = micro.micro, .weight = weight, .forward_ms = forward_ms_, .backward_ms = backward.ms};
    entry.samples.reserve(static_cast<std::size_t>(micro.size()));
    for (const std::int64_t sample : window.of(micro)) entry.samples.push_back(std::to_string(sample));
    entry.units = window.units_of(micro);
    entry.padded_units = data_->padded_units(window.of(micro));
    entry.loss = loss_sum.item<double>();
    step.loss = *step.loss + entry.loss * weight * reported;
    step.events.push_back(fmt::format("backward {}", micro.micro));
    step.micros.push_back(std::move(entry));
    resume();
}

void Recorder::note(const Replica& replica, std::string event) {
    open(replica.rank).events.push_back(std::move(event));
}

void Recorder::gradient_ready(const Replica& replica, const Window& window) {
    const Lap exchange = pause();
    window_ += exchange;
    Step& step = open(replica.rank);
    step.exchange_ms = exchange.ms;
    if (before_ && alone_) step.memory = standing(replica, held_at_lap_ - before_->bytes);
    if (judged_ || level_ == Level::full)
        for (std::size_t i = 0; i < replica.parameters.size(); ++i)
            step.tensors["grad/" + replica.names[i]] = snapshot(gradient_of(replica.parameters[i]));
    if (trust_) trust_(window, replica, step);
    step.lr = replica.optimizer.lr();
    resume();
}

void Recorder::update_begins(Replica& replica, const Window& window, const Updates& updates) {
    if (!judged_ || !forcing_) return;
    window_ += pause();
    Step& step = open(replica.rank);
    const std::vector<at::Tensor>& gradients = forcing_->gradients(window);
    Tensors forced = forced_update(replica, gradients, updates.own);
    if (replica.optimizer.decays() && window.most_micros() > 1)
        step.made["undecayed"] = undecayed_made(replica, gradients, forced, updates.undecayed);
    step.tensors.merge(forced);
    if (loss_scale(replica.recipe) != 1) step.made["overflow"] = overflow_made(replica, gradients, updates.own);
    owed_[replica.rank] = owed_state(replica, updates.right);
    if (const auto buffers = buffers_.find(replica.rank); buffers != buffers_.end()) {
        const auto owed = [&](int times) {
            return owed_buffers(replica, buffers->second.before, [&](Replica& one) { updates.forwards(one, times); });
        };
        const StateDigests found = buffer_digests(replica);
        buffers->second.owed = owed(1);
        step.made["forwarded"] = beside(found, buffers->second.owed);
        step.made["recomputed"] = beside(found, owed(2));
    }
    resume();
}

void Recorder::clipped(const Replica& replica, const Clip& clip) {
    Step& step = open(replica.rank);
    step.grad_norm = clip.norm;
    step.clip_threshold = clip.threshold;
    step.clip_factor = clip.factor;
    step.events.emplace_back("clip");
}

void Recorder::step_ends(const Replica& replica, std::optional<Collectives> moved) {
    const Lap update = pause();
    window_ += update;
    Step& step = open(replica.rank);
    step.optimizer_ms = update.ms;
    if (before_ && alone_) {
        step.memory.peak = std::max<std::int64_t>(0, window_.peaks.bytes);
        step.memory.steady = std::max<std::int64_t>(0, held_at_lap_ - before_->bytes);
        step.memory.resident = resident_peak_bytes();
        step.memory.reserved = window_.peaks.reserved;
        step.memory.active = window_.peaks.active;
    }
    step.number = replica.counters.optimizer_steps;
    step.counters = replica.counters;
    step.step_ms = window_.ms;
    step.processor_ms = window_.processor_ms;
    step.collectives = std::move(moved);
    if (level_ == Level::full)
        each_state(replica,
                   [&](const std::string& key, const at::Tensor& tensor) { step.tensors[key] = snapshot(tensor); });
    if (const auto owed = owed_.extract(replica.rank)) step.made.merge(made_of(state_digests(replica), owed.mapped()));
    if (const auto buffers = buffers_.extract(replica.rank))
        step.made["buffer"] = beside(buffer_digests(replica), buffers.mapped().owed);
    sink_->step(replica.rank, std::move(step));
    step = Step{};
    resume();
}

}  // namespace isobatch
