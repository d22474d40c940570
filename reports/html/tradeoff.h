#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// Of every matrix that was timed: memory against time as a picture with its front, the fitted lines and the fastest
/// split marked; the table behind it; and the formulas with their errors.
std::string tradeoff_part(const Result& result);

}  // namespace isobatch
