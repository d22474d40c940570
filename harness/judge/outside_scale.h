#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "judge/yardstick.h"
#include "trace/manifest.h"

namespace isobatch {

/// The weights that turn what single samples added into the window's gradient.
struct Weights {
    std::vector<std::size_t> samples;  ///< that have a gradient
    std::vector<double> values;        ///< of these
    double condition = 0;
    std::string unknown;  ///< why they are not these samples' weights; empty where they are
};

/// Makes a window judged whose gradients and shares are there: share_factors, tensors, and `unexplained` where no
/// weights of the shares give the gradient. `one_by_one`: the gradient of the run that the shares are of, parameter by
/// parameter; empty where it is not known.
///
/// With weights, E is the residual of their fit and the bound that of any trainer. Without, nothing is known of E: a
/// gradient that is off by 256 u·A, of the window's largest A, is no rounding of sums with as many bits as the recipe
/// promises (right fp32 runs had at most 32 over 1,254 cases). It is wrong at once where the recorder saw that nothing
/// between parameters and loss changes its precision; else one that is off by 2^-6 A is, or 256·2^-10 A where fewer
/// bits are to be expected, which no arithmetic leaves that a model may use inside without telling, and what lies
/// between is suspect.
Weights scale_window(WindowScale& window, const Manifest& manifest, std::vector<Tensor> one_by_one);

}  // namespace isobatch
