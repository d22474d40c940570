#pragma once

#include <vector>

#include <rapidcheck.h>

#include "plan/trial.h"

namespace isobatch {

/// A trial of the small perceptron under any split of any effective batch up to 24, over any data set that fills at
/// least one window. Shrinks towards few samples and a small batch.
rc::Gen<Trial> any_trial();

/// A split of this effective batch.
rc::Gen<Split> any_split(std::int64_t effective);

/// Every split of the trial's effective batch with at most `devices` devices, the trial otherwise unchanged.
std::vector<Trial> matrix_with(const Trial& trial, std::int64_t devices);

}  // namespace isobatch
