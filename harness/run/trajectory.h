#pragma once

#include <functional>
#include <vector>

#include "run/setup.h"
#include "run/with.h"
#include "trace/trace.h"

namespace isobatch {

/// losses[rank][k]: of the rank's k-th step in a run that follows nothing; NaN where there is none.
using FreeLosses = std::vector<std::vector<double>>;

FreeLosses losses_of(const Trace& trace);

/// Adds to each step of a reference the losses that the same window has in as many runs as the trial asks for. Each
/// cuts every window in another way, or, where a micro couples its samples, takes the micros in another order: what
/// rounding alone makes of a trajectory.
void add_trusted_runs(Trace& reference, const Setup& setup, const std::function<Trace(const Setup&)>& run_freely);

/// A trial's own.
inline void add_free_loss(Step& step, double loss) {
    step.free_losses = {loss};
}
using WithFreeLosses = With<double, add_free_loss>;

}  // namespace isobatch
