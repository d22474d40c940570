#pragma once

#include "reports/gate/gate.h"

namespace isobatch {

/// Adds what the times say. A split is compared by how much more its step changed than those of its matrix's other
/// splits, measured in the same runs. What slows all of them alike is undecided: the machine, or the program.
void judge_times(Gate& gate, const Baseline& then, const Baseline& now);

}  // namespace isobatch
