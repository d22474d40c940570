#pragma once

#include <string_view>

#include "plan/cause.h"

namespace isobatch {

/// Everything that is said of a cause.
struct CauseEntry {
    Cause cause;
    std::string_view name;
    bool concerns_devices;
    std::string_view meaning, formula, remedy, precedent;
};

}  // namespace isobatch
