#pragma once

#include "run/recorder.h"
#include "run/setup.h"
#include "trace/trace.h"

namespace isobatch {

/// Whose gradients a reference holds.
enum class Columns {
    samples,
    units,  ///< these too, where its case can score them one by one
};

/// Runs a trial's reference (plan/trial.h) without any fault and adds, for each judged window, what makes it one: each
/// sample's share of the gradient, the fp64 gradient at the same parameters, and per tensor A and the errors of
/// trusted runs (one batch, single samples, a random cut, one batch rescaled, in narrow arithmetic and for up to three
/// samples in three ways), all at the same parameters; and how far the fp64 gradients of another cut are from adding
/// up. Where the case declares that a micro couples its samples, a micro is what cannot be cut, and its share stands
/// with its first sample.
Trace make_reference(const Trial& trial, Columns columns = Columns::samples, Recorder::Beats beats = nullptr);

}  // namespace isobatch
