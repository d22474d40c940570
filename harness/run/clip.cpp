#include "run/clip.h"

#include <torch/nn/utils/clip_grad.h>

namespace isobatch {

Clip clip_by_norm(const std::vector<at::Tensor>& parameters, double threshold) {
    const double norm = torch::nn::utils::clip_grad_norm_(parameters, threshold);
    return {norm, threshold, clip_factor(norm, threshold)};
}

}  // namespace isobatch
