/// Regression of the frames of a clip by a convolutional network with the squared error, on a lattice: every split must
/// have the same bits.
#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/reshape.h>
#include <ATen/ops/sum.h>
#include <torch/nn/module.h>

#include "cases/lattice.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t side = 8, narrow = 4, wide = 8, outputs = 4, longest = 4;

struct ExactConv : torch::nn::Module {
    ExactConv(at::ScalarType dtype, Seed seed) {
        const auto draw = [&](const std::string& name, at::IntArrayRef shape) {
            return register_parameter(name, draw_ternary(shape, 0.15, seed.split(name)).to(dtype));
        };
        first = draw("first_weight", {narrow, 1, 3, 3});
        first_bias = draw("first_bias", {narrow});
        second = draw("second_weight", {wide, narrow, 3, 3});
        second_bias = draw("second_bias", {wide});
        last = draw("last_weight", {outputs, wide});
        last_bias = draw("last_bias", {outputs});
    }
    at::Tensor first, first_bias, second, second_bias, last, last_bias;
};

Dataset make_data(const DataChoice& choice) {
    const std::vector<std::int64_t> lengths = dyadic_lengths(choice, longest);
    const at::Tensor frames = draw_integers({choice.samples, longest, 1, side, side}, 1, choice.seed.split("frames"));
    return rows_in_order(frames, scored_targets(lengths, longest, outputs, choice.seed.split("targets")), lengths);
}

at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    auto& own = static_cast<ExactConv&>(model);
    at::Tensor x = examples[0].reshape({-1, 1, side, side});
    x = at::max_pool2d(at::relu(at::conv2d(x, own.first, own.first_bias, 1, 1)), 2);
    x = at::relu(at::conv2d(x, own.second, own.second_bias, 1, 1)).sum({2, 3});
    x = at::linear(x, own.last, own.last_bias);
    return squared_error(x, examples[1].reshape({-1, outputs + 1}));
}

Case exact_conv() {
    return {.name = "exact-conv",
            .summary =
                "regression of frames by a convolutional network where no order of evaluation rounds, bit for bit, SGD",
            .contract = {.weighting = Weighting::token_mean, .exact = true},
            .optimizer = {.kind = OptimizerChoice::Kind::sgd, .lr = 0.001953125, .ternary = true},
            .make_data = make_data,
            .make_model = [](at::ScalarType dtype, Seed seed) { return std::make_shared<ExactConv>(dtype, seed); },
            .loss_sum = loss_sum};
}

ISOBATCH_CASE(exact_conv);

}  // namespace

}  // namespace isobatch
