#pragma once

#include "diagnose/evidence.h"
#include "plan/cause.h"

namespace isobatch {

/// Whether the cause explains which windows are missing from the trial, and what the steps hold that are none.
bool explains_ledger(Cause cause, const Evidence& evidence);

}  // namespace isobatch
