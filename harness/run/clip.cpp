#include "run/clip.h"

#include <algorithm>

#include <torch/nn/utils/clip_grad.h>

namespace isobatch {

Clip clip_by_norm(const std::vector<at::Tensor>& parameters, double threshold) {
    const double norm = torch::nn::utils::clip_grad_norm_(parameters, threshold);
    return {norm, threshold, std::min(1.0, threshold / (norm + 1e-6))};
}

}  // namespace isobatch
