#pragma once

#include "plan/timing.h"
#include "run/setup.h"

namespace isobatch {

/// The setup's decisions, made window by window: in the windows in which the timing acts as they are, in the others as
/// `right` does. What is decided for a whole run is as `right` has it.
Decisions timed(const Setup& setup, const Decisions& right, Timing timing);

}  // namespace isobatch
