/// Classification of the tokens of a row by a multilayer perceptron: small, fast, and its loss is a mean over scored
/// tokens.
#include <ATen/ops/argmax.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/reshape.h>
#include <torch/nn/module.h>

#include "cases/draw.h"
#include "cases/rows.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t features = 8, hidden = 16, classes = 4, longest = 9;

struct Mlp : torch::nn::Module {
    Mlp(at::ScalarType dtype, Seed seed) {
        const std::int64_t sizes[] = {features, hidden, hidden, classes};
        for (int layer = 0; layer < 3; ++layer) {
            const Seed own = seed.split(static_cast<std::uint64_t>(layer));
            const std::string name = "layer" + std::to_string(layer);
            weights.push_back(register_parameter(
                name + "_weight", draw_normal({sizes[layer + 1], sizes[layer]}, 0.35, own.split("weight")).to(dtype)));
            biases.push_back(
                register_parameter(name + "_bias", draw_normal({sizes[layer + 1]}, 0.1, own.split("bias")).to(dtype)));
        }
    }
    std::vector<at::Tensor> weights, biases;
};

Dataset make_data(const DataChoice& choice) {
    const auto [samples, effective, kind, seed] = choice;
    const std::vector<std::int64_t> lengths = row_lengths(samples, longest, kind, seed);
    const at::Tensor inputs = draw_normal({samples, longest, features}, 1, seed.split("inputs"));
    at::Tensor targets = at::linear(inputs, draw_normal({classes, features}, 1, seed.split("truth"))).argmax(-1);
    for (std::int64_t row = 0; row < samples; ++row) {
        const std::int64_t length = lengths[static_cast<std::size_t>(row)];
        targets.select(0, row).narrow(0, length, longest - length).fill_(ignored);
    }
    return padded_rows(inputs, targets, lengths);
}

at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    auto& own = static_cast<Mlp&>(model);
    at::Tensor x = examples[0];
    for (std::size_t layer = 0; layer < own.weights.size(); ++layer) {
        x = at::linear(x, own.weights[layer], own.biases[layer]);
        if (layer + 1 < own.weights.size()) x = at::gelu(x);
    }
    return at::cross_entropy_loss(x.reshape({-1, classes}), examples[1].reshape({-1}), {}, at::Reduction::Sum, ignored);
}

Case mlp() {
    return {.name = "mlp",
            .summary = "token classification by a 3-layer perceptron, mean over scored tokens, SGD with momentum",
            .contract = {.weighting = Weighting::token_mean},
            .optimizer = {.kind = OptimizerChoice::Kind::sgd, .lr = 0.1, .momentum = 0.9, .clip_norm = 0.05},
            .make_data = make_data,
            .make_model = [](at::ScalarType dtype, Seed seed) { return std::make_shared<Mlp>(dtype, seed); },
            .loss_sum = loss_sum};
}

ISOBATCH_CASE(mlp);

}  // namespace

}  // namespace isobatch
