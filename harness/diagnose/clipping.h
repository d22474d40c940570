#pragma once

#include "diagnose/evidence.h"
#include "judge/yardstick.h"
#include "trace/trace.h"

namespace isobatch {

/// For each window whose step is clipped by a global norm: what its recorded norm is that of, and what each micro's
/// share would have become had it been clipped where it must not be.
void add_clipping(Evidence& evidence, const Yardstick& yardstick, const Trace& candidate);

}  // namespace isobatch
