#pragma once

#include <string>

#include "plan/trial.h"

namespace isobatch {

/// What the trials of a matrix share: `gpt, effective batch 16 (fp64, serial, seed 1)`; not escaped.
std::string matrix_name(const Trial& trial);

}  // namespace isobatch
