#pragma once

#include <functional>
#include <vector>

#include "run/forcing.h"
#include "run/setup.h"
#include "run/with.h"

namespace isobatch {

/// What the twins of a trial's windows leave on each rank: twins[rank][k] is to be kept with the rank's k-th step.
using Twins = std::vector<std::vector<Tensors>>;

/// Runs the trial once more as it is, and once for each identity that it asks for, every window of it its twin where
/// that fits; a strict one on the lattices of the reference that it follows. `run` is the way in which the trial itself
/// is run: what is tried is the same loop, with the same decisions, on the same engine, from the same states.
Twins run_twins(const Setup& setup, const Forcing& reference, const std::function<Trace(const Setup&)>& run);

inline void add_twin(Step& step, Tensors twin) {
    step.tensors.merge(std::move(twin));
}
using WithTwins = With<Tensors, add_twin>;

}  // namespace isobatch
