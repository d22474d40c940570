#include "run/clip.h"

#include <torch/nn/utils/clip_grad.h>

namespace isobatch {

Clip clip_by_norm(const std::vector<at::Tensor>& parameters, double threshold) {
    const double norm = torch::nn::utils::clip_grad_norm_(parameters, threshold);
    const double factor = threshold / (norm + 1e-6);
    return {norm, threshold, factor > 1 ? 1 : factor};  // not a number, where the norm is none
}

}  // namespace isobatch
