#include "run/loop.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/div.h>

#include "run/forward.h"

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
    for (int i = 0; i < decide.steps(window); ++i) {
        decide.clips(window, replica);
        replica.optimizer.step();
    }
    for (std::int64_t i = 0; i < decide.averages(window); ++i) replica.optimizer.average();
}

}  // namespace

void train(const Setup& setup, Engine& engine, Recorder& recorder) {
    const Decisions& decide = setup.decisions;
    const double scale = loss_scale(setup.trial.recipe);
    const Threads threads(setup.trial.threads);
    for (Replica& replica : engine.replicas())
        if (decide.accumulator) keep_sums_in(replica, *decide.accumulator);
    engine.take_traffic();  // that of the start belongs to no step
    for (const Batch& batch : setup.batches()) {
        const Window window = setup.window(batch);
        if (window.samples.empty() || !decide.trains_on(window)) continue;
        const bool exchanges = decide.exchanges(window);
        recorder.window_begins(window, engine.replicas());
        for (Replica& replica : engine.replicas()) replica.project();

        for (Replica& replica : engine.replicas()) {
            for (const Slice& micro : window.micros) {
                if (micro.place != window.mesh.place(replica.rank)) continue;
                if (decide.clears_before(window, micro)) clear(replica, recorder);

                const bool with_this = exchanges && decide.exchanges_with(window, micro);
                engine.forward_begins(replica, with_this, micro.micro + 1 == window.most_micros());
                const at::Tensor loss_sum = forward(setup, replica, window.of(micro));
                recorder.forward_ends();
                if (with_this) recorder.exchange_begins(replica);
                const double divisor = decide.divisor(window, micro) / (window.scale * micro.weight);
                at::Tensor loss = loss_sum.div(divisor / scale);
                if (const double share = decide.arrives(window, micro); share != 1) loss = loss.mul(share);
                engine.backward_begins(std::move(loss)).backward();  // adds to the gradients
                decide.disturbs(window, micro, replica);
                engine.backward_ends(replica);
                recorder.backward_ends(replica, window, micro, loss_sum, 1 / divisor);
                if (with_this) recorder.note(replica, "reduce");
            }
        }

        for (const Replica& replica : engine.replicas()) {
            if (!exchanges || window.micros_on(window.mesh.place(replica.rank)) > 0) continue;
            recorder.exchange_begins(replica);
            recorder.note(replica, "reduce");
        }
        if (exchanges) engine.reduce(window);
        for (Replica& replica : engine.replicas()) {
            unscale(replica, window.scale);
            recorder.gradient_ready(replica, window);
            const int steps = decide.steps(window);
            recorder.update_begins(replica, window, [&](Replica& one) { update(decide, window, one); });
            for (int i = 0; i < steps; ++i) {
                if (const auto clip = decide.clips(window, replica)) recorder.clipped(replica, *clip);
                replica.optimizer_step();
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
            if (decide.clears_after_step(window)) clear(replica, recorder);
            decide.keeps(replica);
            recorder.step_ends(replica, engine.take_traffic());
        }
    }
}

}  // namespace isobatch
