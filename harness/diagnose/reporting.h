#pragma once

#include "diagnose/evidence.h"
#include "trace/trace.h"

namespace isobatch {

/// For each window whose micros say what their losses weigh: what the loss that every rank reports is of these.
void add_reporting(Evidence& evidence, const Trace& candidate);

}  // namespace isobatch
