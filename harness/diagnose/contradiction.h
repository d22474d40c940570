#pragma once

#include <string>

#include "diagnose/record.h"
#include "plan/cause.h"

namespace isobatch {

/// The first thing in the trial that the cause cannot explain, where it acts at such a time and all is right at others,
/// as a sentence; empty when it explains everything.
std::string contradiction(Cause cause, const Record& record, const Occasion& occasion = {});

/// Whether nothing makes a trial red but what it was asked for, its twins or its own trajectory: they show faults that
/// its judged windows hide.
bool red_where_asked_alone(const Record& record);

}  // namespace isobatch
