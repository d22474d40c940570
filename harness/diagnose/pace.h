#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "diagnose/record.h"
#include "judge/align.h"
#include "plan/cause.h"

namespace isobatch {

/// Of an outside trainer's steps that are windows of the reference, as its first rank tells.
std::vector<Pace> paces_of(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment);

/// The step's learning rate ÷ the reference's, of the first group; 1 where one of them is not known.
double lr_ratio(const Step& step, const WindowScale& window);

/// How often step k advanced the schedule, or updated an average. Nobody promised when an outside loop does, before its
/// update or after it, but what it does with every micro it did more often than the reference, by as many micros as it
/// has more.
std::int64_t turns_of(const Trace& candidate, std::size_t k, const WindowScale& window, std::int64_t Counters::*count);

/// What learning rates and paces say against a cause of a trial that is not equivalent; empty: nothing.
std::string against_paces(Cause cause, const Record& record);

}  // namespace isobatch
