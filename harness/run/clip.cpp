#include "run/clip.h"

#include <torch/nn/utils/clip_grad.h>

namespace isobatch {

void clip_by_value(const std::vector<at::Tensor>& parameters, double largest) {
    torch::nn::utils::clip_grad_value_(parameters, largest);
}

Clip clip_by_norm(const std::vector<at::Tensor>& parameters, double threshold) {
    const double norm = torch::nn::utils::clip_grad_norm_(parameters, threshold);
    return {norm, threshold, clip_factor(norm, threshold)};
}

}  // namespace isobatch
