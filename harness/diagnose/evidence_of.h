#pragma once

#include "diagnose/evidence.h"
#include "judge/yardstick.h"
#include "trace/trace.h"

namespace isobatch {

/// What a trial shows without looking at its gradients: how its windows were cut and which are missing. Enough for an
/// equivalent trial, whose weights are 1 within its sensitivity.
Evidence evidence_of(const Yardstick& yardstick, const Trace& candidate);

}  // namespace isobatch
