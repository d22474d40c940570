#pragma once

#include <string>
#include <vector>

#include "diagnose/evidence.h"

namespace isobatch {

/// Which parameters are wrong, as a sentence; empty where all are.
std::string parts_sentence(const std::vector<std::string>& wrong);

/// How many units do not count as they should, as a sentence; empty where no unit's weight was read.
std::string units_sentence(const Recovered& recovered, double weight_tolerance);

/// Which samples, or how many units, were read together and why, as a sentence; empty where none were.
std::string alike_sentence(const Recovered& recovered, const std::vector<std::string>& samples);

/// Why no weights were read in a window that is wrong, as a sentence; empty without a reason.
std::string refused_sentence(const WindowEvidence& window);

}  // namespace isobatch
