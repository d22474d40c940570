#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// What each split costs: time, throughput, what its ranks moved, and what memory is traded for time.
std::string costs_part(const Result& result);

}  // namespace isobatch
