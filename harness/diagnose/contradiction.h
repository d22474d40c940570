#pragma once

#include <string>

#include "diagnose/record.h"
#include "plan/cause.h"

namespace isobatch {

/// The first thing in the trial that the cause cannot explain, where it acts at such a time and all is right at others,
/// as a sentence; empty when it explains everything.
std::string contradiction(Cause cause, const Record& record, Timing timing = Timing::always);

/// Whether nothing but its twins makes a trial red: they show faults that its own windows hide.
bool red_in_twins_alone(const Record& record);

}  // namespace isobatch
