#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// The loss of each step beside the truth, a picture a split, with how far it is off and from where on nothing could be
/// compared.
std::string losses_part(const Result& result);

/// The same of runs that follow nothing, where trials were asked for them.
std::string trajectories_part(const Result& result);

}  // namespace isobatch
