#include "run/loop.h"

#include <bit>
#include <functional>
#include <memory>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/div.h>

#include "base/check.h"
#include "run/forward.h"
#include "run/lattice.h"
#include "run/restart.h"
#include "run/share_in_some.h"

namespace isobatch {

namespace {

void clear(Replica& replica, Recorder& recorder) {
    replica.zero_grad();
    recorder.note(replica, "zero");
}

void unscale(const Replica& replica, double scale) {
    if (scale == 1) return;
    const at::NoGradGuard no_grad;
    for (const at::Tensor& parameter : replica.parameters)
        if (parameter.grad().defined()) parameter.grad().div_(scale);
}

/// While it lives, operators may use so many threads.
struct Threads {
    explicit Threads(int count) : before(at::get_num_threads()) { at::set_num_threads(count); }
    ~Threads() { at::set_num_threads(before); }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

    int before;
};

/// What a step makes of the gradients, and counts nothing.
void update(const Decisions& decide, const Window& window, Replica& replica) {
    const Threads alone(1);  // as the reference, whose bits are asked for
    const bool skipped = decide.skips(window, replica);
    for (int i = 0; i < decide.steps(window) && !skipped; ++i) {
        decide.clips(window, replica);
        replica.optimizer.step(decide.counts(window), decide.decays(window));
    }
    for (std::int64_t i = 0; i < decide.averages(window); ++i) replica.optimizer.average();
}

/// What is computed once, its samples or each of them alone where they are rounded one by one.
std::vector<std::span<const std::int64_t>> parts_of(const Setup& setup, std::span<const std::int64_t> samples) {
    const std::size_t each = setup.quanta ? 1 : samples.size();
    std::vector<std::span<const std::int64_t>> parts;
    for (std::size_t begin = 0; begin < samples.size(); begin += each) parts.push_back(samples.subspan(begin, each));
    return parts;
}

/// These samples pass through the model, for what that leaves in it alone.
void pass(const Setup& setup, const Replica& replica, std::span<const std::int64_t> samples) {
    const at::NoGradGuard no_grad;
    forward(setup, replica, samples);
}

/// Adds a micro's gradient to the replica's; with its last backward it goes to the exchange where `exchanges`.
void accumulate(const Setup& setup, Engine& engine, Recorder& recorder, Replica& replica, const Window& window,
                const Slice& micro, bool exchanges) {
    const Decisions& decide = setup.decisions;
    const double divisor = decide.divisor(window, micro) / (window.scale * micro.weight);
    const bool last = micro.micro + 1 == window.most_micros();
    at::Tensor loss_sum;
    const std::span<const std::int64_t> samples = window.of(micro);
    ISOBATCH_CHECK(!samples.empty(), "a micro holds a sample");
    const auto losses = [&](torch::nn::Module& model, const Examples& examples) {
        return decide.losses(window, micro, *setup.subject, model, examples);
    };
    for (const std::span<const std::int64_t> one : parts_of(setup, samples)) {
        const bool begins = one.data() == samples.data(), ends = one.end() == samples.end();
        for (int times = decide.forwards(window, micro); times > 1; --times) pass(setup, replica, one);
        engine.forward_begins(replica, exchanges && ends, last && ends);
        const at::Tensor part = forward(setup, replica, one, std::cref(losses));
        recorder.forward_ends();
        if (exchanges && ends) recorder.exchange_begins(replica);
        at::Tensor loss = part.div(divisor / loss_scale(setup.trial.recipe));
        if (const double share = decide.arrives(window, micro); share != 1) loss = loss.mul(share);
        const ShareInSome some(replica, decide.arrives_in_some(window, micro));
        engine.backward_begins(std::move(loss)).backward();  // adds to the gradients
        if (ends) decide.disturbs(window, micro, replica);
        engine.backward_ends(replica);
        loss_sum = begins ? part : loss_sum.detach().add(part.detach());
    }
    recorder.backward_ends(replica, window, micro, loss_sum, 1 / divisor, decide.reports(window, micro));
    if (exchanges) recorder.note(replica, "reduce");
}

/// What a right loop lets pass through the model in a window: each of the replica's micros, so many times.
void forwards(const Setup& setup, const Window& window, const Replica& replica, int times) {
    for (const Slice& micro : window.micros) {
        if (micro.place != window.mesh.place(replica.rank)) continue;
        for (const std::span<const std::int64_t> one : parts_of(setup, window.of(micro)))
            for (int i = 0; i < times; ++i) pass(setup, replica, one);
    }
}

/// Steps, moves the average and advances the schedule as often as decided.
void step(const Decisions& decide, const Window& window, Replica& replica, Recorder& recorder) {
    const bool skipped = decide.skips(window, replica);
    for (int i = 0, steps = decide.steps(window); i < steps; ++i) {
        if (skipped) {
            replica.skip_step();
        } else {
            if (const auto clip = decide.clips(window, replica)) recorder.clipped(replica, *clip);
            replica.optimizer_step(decide.counts(window), decide.decays(window));
        }
        recorder.note(replica, "step");
    }
    for (std::int64_t i = 0; replica.optimizer.averages() && i < decide.averages(window); ++i) {
        replica.average();
        recorder.note(replica, "average");
    }
    for (std::int64_t i = 0; i < decide.schedule_steps(window); ++i) {
        replica.schedule_step();
        recorder.note(replica, "schedule");
    }
}

/// The reference's quanta at the size of this window's losses, which are as often larger as there are places.
std::vector<double> quanta_of(const Setup& setup, const Window& window) {
    std::vector<double> quanta = setup.quanta(window);
    for (double& quantum : quanta) quantum *= std::bit_ceil(static_cast<unsigned>(window.mesh.places));
    return quanta;
}

}  // namespace

void train(const Setup& setup, Engine& engine, Recorder& recorder) {
    const Decisions& decide = setup.decisions;
    const Decisions right;
    Decisions undecayed;
    undecayed.decays = [](const Window&) { return false; };
    // Threads may change the bits of one sample's gradient, which the reference's share of it does not follow.
    const Threads threads(setup.quanta ? 1 : setup.trial.threads);
    const auto quanta = std::make_shared<std::vector<double>>();
    if (setup.quanta) round_to(engine.replicas(), quanta);
    for (Replica& replica : engine.replicas())
        if (decide.accumulator) keep_sums_in(replica, *decide.accumulator);
    engine.take_traffic();  // that of the start belongs to no step
    int updates = 0;
    for (const Batch& batch : setup.batches()) {
        const Window window = setup.window(batch);
        if (window.samples.empty() || !decide.trains_on(window)) continue;
        const bool exchanges = decide.exchanges(window);
        recorder.window_begins(window, engine.replicas());
        if (setup.quanta) *quanta = quanta_of(setup, window);
        for (Replica& replica : engine.replicas()) replica.project();

        for (Replica& replica : engine.replicas()) {
            for (const Slice& micro : window.micros) {
                if (micro.place != window.mesh.place(replica.rank)) continue;
                if (decide.clears_before(window, micro)) clear(replica, recorder);
                accumulate(setup, engine, recorder, replica, window, micro,
                           exchanges && decide.exchanges_with(window, micro));
            }
        }

        for (const Replica& replica : engine.replicas()) {
            if (!exchanges || window.micros_on(window.mesh.place(replica.rank)) > 0) continue;
            recorder.exchange_begins(replica);
            recorder.note(replica, "reduce");
        }
        if (exchanges) engine.reduce(window);
        const bool ends_here = ++updates == setup.trial.restart;
        for (Replica& replica : engine.replicas()) {
            unscale(replica, window.scale);
            recorder.gradient_ready(replica, window);
            recorder.update_begins(
                replica, window,
                {[&](Replica& one) { update(decide, window, one); }, [&](Replica& one) { update(right, window, one); },
                 [&](Replica& one) { update(undecayed, window, one); },
                 [&](Replica& one, int times) { forwards(setup, window, one, times); }});
            step(decide, window, replica, recorder);
            if (decide.clears_after_step(window)) clear(replica, recorder);
            decide.keeps(replica);
            decide.evaluates(window, setup, replica);
            if (ends_here) {  // before it is recorded what the step left: what the next run goes on from
                restart_from(checkpoint_of(replica), replica);
                decide.resumes(replica);
                recorder.note(replica, "restart");
            }
            recorder.step_ends(replica, engine.take_traffic());
        }
    }
}

}  // namespace isobatch
