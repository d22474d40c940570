#pragma once

#include <optional>

#include "diagnose/predict.h"

namespace isobatch {

/// What a cause would have left where it acts that is about steps, bits, norms, reports or samples, and gives the
/// samples that a window holds no weight of their own. Nothing where no prediction is possible.
std::optional<Prediction> predict_beside_weights(Cause cause, const WindowEvidence& window);

}  // namespace isobatch
