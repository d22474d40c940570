#pragma once

#include "diagnose/evidence.h"
#include "trace/trace.h"

namespace isobatch {

/// For an outside trainer, whose later windows have no weights: what the accumulator held before the second window, as
/// a share of the first one's gradient. Adds a window of evidence without samples where something was left.
void add_left_over(Evidence& evidence, const Trace& candidate);

}  // namespace isobatch
