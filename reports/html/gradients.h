#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// Heat maps: how far the gradient of each parameter was from the truth in each split, as a share of what is allowed.
/// They are tables, so that their numbers need no second form.
std::string gradients_part(const Result& result);

}  // namespace isobatch
