#pragma once

#include "plan/trial.h"

namespace isobatch {

/// A trial of the small perceptron: 11 samples, windows 4, 4, 3, two epochs.
inline Trial small_trial(const Split& split, Recipe recipe = Recipe::fp64) {
    Trial trial;
    trial.subject = "mlp";
    trial.split = split;
    trial.recipe = recipe;
    trial.samples = 11;
    return trial;
}

}  // namespace isobatch
