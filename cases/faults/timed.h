#pragma once

#include "plan/occasion.h"
#include "run/setup.h"

namespace isobatch {

/// The setup's decisions, made window by window and micro by micro: on that occasion as they are, else as `right` does.
/// What is decided for a whole run is as `right` has it.
Decisions timed(const Setup& setup, const Decisions& right, const Occasion& occasion);

}  // namespace isobatch
