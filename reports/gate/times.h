#pragma once

#include "reports/gate/gate.h"

namespace isobatch {

/// Adds what the times say. Each trial is compared by the ratio to its matrix's first trial, measured beside it; that
/// one itself only by its own times, which the machine may have changed as well as the program, so that it convicts
/// nobody: where it is slower, it is undecided.
void judge_times(Gate& gate, const Baseline& then, const Baseline& now);

}  // namespace isobatch
