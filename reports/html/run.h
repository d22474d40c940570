#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// What was run: the command, what was assumed, and what each matrix is.
std::string run_part(const Result& result);

}  // namespace isobatch
