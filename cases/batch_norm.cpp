/// Classification of small pictures by a convolution with batch normalisation, whose statistics are those of a micro.
#include <ATen/ops/argmax.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "cases/draw.h"
#include "cases/rows.h"
#include "cases/widened.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t side = 6, channels = 6, classes = 4;

struct BatchNorm : torch::nn::Module {
    BatchNorm(at::ScalarType dtype, Seed seed)
        : conv(register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, channels, 3)))),
          norm(register_module("norm", torch::nn::BatchNorm2d(channels))),
          head(register_module("head", torch::nn::Linear(channels, classes))) {
        to(dtype);
        const at::NoGradGuard no_grad;
        for (const auto& item : named_parameters())
            item.value().copy_(draw_normal(item.value().sizes(), 0.3, seed.split(item.key())));
    }

    torch::nn::Conv2d conv;
    torch::nn::BatchNorm2d norm;
    torch::nn::Linear head;
};

Dataset make_data(const DataChoice& choice) {
    const at::Tensor pictures = draw_normal({choice.samples, 1, side, side}, 1, choice.seed.split("pictures"));
    const at::Tensor truth = draw_normal({classes, side * side}, 1, choice.seed.split("truth"));
    const at::Tensor targets = at::linear(pictures.flatten(1), truth).argmax(-1);
    return whole_samples(pictures, targets);
}

at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    auto& own = static_cast<BatchNorm&>(model);
    const at::Tensor features = at::relu(own.norm(own.conv(examples[0]))).mean({2, 3});
    return at::cross_entropy_loss(widened(own.head(features)), examples[1], {}, at::Reduction::Sum);
}

Case batch_norm() {
    return {.name = "batch-norm",
            .summary =
                "classification of pictures with batch normalisation, declared to couple the samples of a micro, "
                "mean over samples, SGD with momentum",
            .contract = {.weighting = Weighting::sample_mean, .couples_samples = true},
            .optimizer = {.kind = OptimizerChoice::Kind::sgd, .lr = 0.1, .momentum = 0.9},
            .make_data = make_data,
            .make_model = [](at::ScalarType dtype, Seed seed) { return std::make_shared<BatchNorm>(dtype, seed); },
            .loss_sum = loss_sum};
}

ISOBATCH_CASE(batch_norm);

}  // namespace

}  // namespace isobatch
