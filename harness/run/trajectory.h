#pragma once

#include <functional>
#include <vector>

#include "run/setup.h"
#include "trace/sink.h"
#include "trace/trace.h"

namespace isobatch {

/// losses[rank][k]: of the rank's k-th step in a run that follows nothing; NaN where there is none.
using FreeLosses = std::vector<std::vector<double>>;

FreeLosses losses_of(const Trace& trace);

/// Adds to each step of a reference the losses that the same window has in as many runs as the trial asks for. Each
/// cuts every window in another way, or, where a micro couples its samples, takes the micros in another order: what
/// rounding alone makes of a trajectory.
void add_trusted_runs(Trace& reference, const Setup& setup, const std::function<Trace(const Setup&)>& run_freely);

/// Adds a trial's own to the steps that pass.
class WithFreeLosses final : public TraceSink {
public:
    WithFreeLosses(TraceSink& sink, FreeLosses losses)
        : sink_(&sink), losses_(std::move(losses)), next_(losses_.size()) {}
    void step(int rank, Step step) override;
    void end(const Manifest& manifest) override { sink_->end(manifest); }

private:
    TraceSink* sink_;
    FreeLosses losses_;
    std::vector<std::size_t> next_;  ///< by rank
};

}  // namespace isobatch
