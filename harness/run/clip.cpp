#include "run/clip.h"

#include <torch/nn/utils/clip_grad.h>

namespace isobatch {

double clip_factor(double norm, double threshold) {
    const double factor = threshold / (norm + 1e-6);
    return factor > 1 ? 1 : factor;
}

Clip clip_by_norm(const std::vector<at::Tensor>& parameters, double threshold) {
    const double norm = torch::nn::utils::clip_grad_norm_(parameters, threshold);
    return {norm, threshold, clip_factor(norm, threshold)};
}

}  // namespace isobatch
