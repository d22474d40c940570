#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// For the first screen: each cause with the split, the sample and the command that show it.
std::string causes_found(const Result& result);

/// The findings in full, each with its weights, its rivals, its remedy and its command.
std::string findings_part(const Result& result);

/// The sample that is furthest off, as a sentence: `sample 38 (rank 0, micro 0) weighs 1.0116 instead of 1`; empty
/// where no weights were recovered.
std::string worst_sample(const Finding& finding);

}  // namespace isobatch
