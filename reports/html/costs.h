#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// What each split costs: time, throughput and what its ranks moved.
std::string costs_part(const Result& result);

}  // namespace isobatch
