#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// A grid a matrix: per_device down, accum across, in each cell the outcome and the margin of its split, linked to the
/// split's row. One effective batch leaves a cell one number of devices, which is written there.
std::string lattice_part(const Result& result);

}  // namespace isobatch
