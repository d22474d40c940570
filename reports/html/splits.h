#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// A row a trial: outcome, margin, the tolerance as an inequality with its numbers, what is wrong, and how to repeat
/// it.
std::string splits_part(const Result& result);

/// The worst place of a trial's gradient against what is allowed: `0.0331 > 64 · (E … + u·A …)`; empty where none was
/// judged.
std::string inequality(const Record& record);

}  // namespace isobatch
