#pragma once

#include <string>
#include <vector>

#include "diagnose/evidence.h"

namespace isobatch {

/// Which parameters are wrong, as a sentence; empty where all are.
std::string parts_sentence(const std::vector<std::string>& wrong);

/// How many units do not count as they should, as a sentence; empty where no unit's weight was read.
std::string units_sentence(const Recovered& recovered, double weight_tolerance);

/// Which samples, or how many units, have the gradient of another one, as a sentence; empty where none has.
std::string alike_sentence(const Recovered& recovered, const std::vector<std::string>& samples);

}  // namespace isobatch
