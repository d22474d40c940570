#pragma once

#include "run/recorder.h"
#include "run/setup.h"
#include "trace/trace.h"

namespace isobatch {

/// Runs the single large batch of a trial's isobatch without any fault and adds, for each judged window, what makes it
/// a reference: each sample's share of the gradient, the fp64 gradient at the same parameters, and per tensor A and the
/// errors of four trusted runs (one batch, single samples, a random cut, one batch rescaled), all at the same
/// parameters.
Trace make_reference(const Trial& trial, Recorder::Beats beats = nullptr);

}  // namespace isobatch
