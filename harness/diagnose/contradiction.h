#pragma once

#include <string>

#include "diagnose/record.h"
#include "plan/cause.h"

namespace isobatch {

/// The first thing in the trial that the cause cannot explain, as a sentence; empty when it explains everything.
std::string contradiction(Cause cause, const Record& record);

/// Whether nothing but its twins makes a trial red: they show faults that its own windows hide.
bool red_in_twins_alone(const Record& record);

}  // namespace isobatch
