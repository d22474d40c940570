#pragma once

#include <vector>

#include "diagnose/predict.h"

namespace isobatch {

using Weights = std::vector<double>;

/// A ragged window of 4x2x4: rank 0 has a micro of 6 units and one without a unit, rank 1 one of 2 units, and the two
/// others none.
inline WindowEvidence window() {
    WindowEvidence window;
    window.step = window.window = 3;
    window.samples = {"a", "b", "c", "d", "e", "f", "g"};
    window.sample_units = {4, 2, 1, 0, 1, 0, 0};
    window.micro_of = {0, 0, 2, 2, 2, 1, 1};
    window.layout = {{{0, 0, 2, 6}, {0, 1, 2, 0}, {1, 0, 3, 2}}, true, 4};
    return window;
}

inline Weights predicted(Cause cause, const WindowEvidence& window, int rank = 0) {
    return predict(cause, window, rank).value().weights;
}

}  // namespace isobatch
