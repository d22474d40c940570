#pragma once

#include <span>
#include <string>
#include <vector>

#include "diagnose/finding.h"
#include "diagnose/record.h"

namespace isobatch {

/// Reads all trials of one matrix together: a cause stands when it predicts every recovered weight, every green window
/// and every missing one. Empty when nothing diverged. A difference that no cause explains is one finding, `unknown`,
/// with its weights.
std::vector<Finding> diagnose(std::span<const Record> matrix);

}  // namespace isobatch
