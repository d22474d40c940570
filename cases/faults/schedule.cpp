/// Faults of steps: how many are counted by the optimizer, the learning rate's schedule and an average, which are left
/// out, in which parameters decay, and what of them a restart forgets.
#include "cases/faults/faults.h"
#include "run/replica.h"

namespace isobatch {

namespace {

/// A step for each turn of micros, as when the accumulation never reaches the engine.
std::vector<Batch> turn_by_turn(const std::vector<Batch>& batches, const Split& split) {
    const std::int64_t turn = split.per_device * split.devices;
    std::vector<Batch> turns;
    for (const Batch& batch : batches)
        for (std::int64_t begin = 0; begin < batch.samples; begin += turn) {
            Batch one = batch;
            one.begin += begin;
            one.samples = std::min(turn, batch.samples - begin);
            turns.push_back(one);
        }
    return turns;
}

}  // namespace

bool plant_schedule(const std::string& id, Setup& setup) {
    Decisions& decide = setup.decisions;
    const auto ragged = [effective = setup.trial.split.effective()](const Window& window) {
        return window.batch.samples < effective;
    };
    if (id == "schedule-per-micro") {
        decide.schedule_steps = [](const Window& window) { return window.most_micros(); };
    } else if (id == "ema-per-micro") {
        decide.averages = [](const Window& window) { return window.most_micros(); };
    } else if (id == "adam-count-per-micro") {
        decide.counts = [](const Window& window) { return window.most_micros(); };
    } else if (id == "step-not-incremented") {
        decide.counts = [](const Window&) { return 0; };
    } else if (id == "adam-state-lost") {
        decide.resumes = [](Replica& replica) {
            if (replica.optimizer.counted() == 0) return;
            for (std::size_t p = 0; p < replica.parameters.size(); ++p) replica.optimizer.set_state(p, {});
        };
    } else if (id == "decay-lost-when-accumulating") {
        decide.decays = [](const Window& window) { return window.most_micros() < 2; };
    } else if (id == "inf-not-skipped") {
        decide.skips = [](const Window&, const Replica&) { return false; };
    } else if (id == "schedule-per-rank") {
        decide.schedule_steps = [](const Window& window) { return window.mesh.places; };
    } else if (id == "schedule-horizon") {
        decide.horizon = [](std::int64_t trained, const Split& split) { return trained * split.accum; };
    } else if (id == "accumulation-off") {
        decide.batches = turn_by_turn;
    } else if (id == "epoch-tail-extra-step") {
        decide.steps = [ragged](const Window& window) { return ragged(window) ? 2 : 1; };
    } else if (id == "step-lost-grads-wiped") {
        decide.steps = [ragged](const Window& window) { return ragged(window) ? 0 : 1; };
    } else {
        return false;
    }
    return true;
}

}  // namespace isobatch
