#pragma once

#include <string>

#include "diagnose/predict.h"
#include "diagnose/record.h"

namespace isobatch {

/// `step 3 of 4x2x2`
std::string place_of(const Record& record, const WindowEvidence& window);

/// What one decoded gradient says against a prediction; empty: nothing.
std::string against_weights(const Prediction& prediction, const Record& record, const WindowEvidence& window,
                            const Recovered& recovered);

/// An equivalent window speaks too: a cause that would have moved it beyond the verdict's sensitivity is excluded.
std::string against_green(const Prediction& prediction, const Record& record, const WindowEvidence& window);

}  // namespace isobatch
