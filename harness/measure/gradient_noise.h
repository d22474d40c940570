#pragma once

#include <vector>

#include "measure/noise_scale.h"
#include "trace/trace.h"

namespace isobatch {

/// The noise in each judged window of a reference, from the shares that its samples have in the gradient. A sample
/// counts as many times as it has units, so that counts are units: of the mean over samples, each is one. Throws Error
/// where the trace is no reference, or fewer than two of its windows have two samples that count.
std::vector<Noise> noise_of_windows(const Trace& reference);

/// Units of a sample, on average over those windows.
double units_a_sample(const Trace& reference);

}  // namespace isobatch
