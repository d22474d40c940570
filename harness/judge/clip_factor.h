#pragma once

namespace isobatch {

/// What a gradient of this norm is multiplied by, as torch's clip_grad_norm_ takes it; not a number where the norm is
/// none.
inline double clip_factor(double norm, double threshold) {
    const double factor = threshold / (norm + 1e-6);
    return factor > 1 ? 1 : factor;
}

}  // namespace isobatch
