#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// A finding's sample weights against what is predicted and against 1, grouped by rank and micro-batch: a picture, a
/// table of the micro-batches and one of the samples.
std::string weight_picture(const Finding& finding);

/// The weights of every split whose gradient could be decoded, small, side by side.
std::string split_weights_part(const Result& result);

}  // namespace isobatch
