#pragma once

#include "diagnose/evidence.h"
#include "judge/yardstick.h"
#include "trace/trace.h"

namespace isobatch {

/// Writes down what is wrong with what some rank's step k made of its gradient, as far as the trace tells.
void read_update(const Trace& candidate, std::size_t k, const WindowScale& scale, WindowEvidence& window);

}  // namespace isobatch
