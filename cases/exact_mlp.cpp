/// Regression of the tokens of a row by a ReLU perceptron with the squared error, on a lattice: every split must have
/// the same bits.
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sum.h>
#include <torch/nn/module.h>

#include "cases/lattice.h"
#include "cases/rows.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t features = 8, hidden = 16, outputs = 4, longest = 8;

struct ExactMlp : torch::nn::Module {
    ExactMlp(at::ScalarType dtype, Seed seed) {
        const std::int64_t sizes[] = {features, hidden, hidden, outputs};
        for (int layer = 0; layer < 3; ++layer) {
            const std::string name = "layer" + std::to_string(layer);
            const auto draw = [&](const std::string& kind, at::IntArrayRef shape) {
                const std::string own = name + "_" + kind;
                return register_parameter(own, draw_ternary(shape, 0.25, seed.split(own)).to(dtype));
            };
            weights.push_back(draw("weight", {sizes[layer + 1], sizes[layer]}));
            biases.push_back(draw("bias", {sizes[layer + 1]}));
        }
    }
    std::vector<at::Tensor> weights, biases;
};

Dataset make_data(const DataChoice& choice) {
    const std::vector<std::int64_t> lengths = dyadic_lengths(choice, longest);
    const at::Tensor inputs = draw_integers({choice.samples, longest, features}, 2, choice.seed.split("inputs"));
    Dataset data =
        padded_rows(inputs, scored_targets(lengths, longest, outputs, choice.seed.split("targets")), lengths);
    data.shuffled = false;
    return data;
}

at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    auto& own = static_cast<ExactMlp&>(model);
    at::Tensor x = examples[0];
    for (std::size_t layer = 0; layer < own.weights.size(); ++layer) {
        x = at::linear(x, own.weights[layer], own.biases[layer]);
        if (layer + 1 < own.weights.size()) x = at::relu(x);
    }
    // The last channel of the targets says which tokens are scored.
    const at::Tensor error = (x - examples[1].narrow(-1, 0, outputs)) * examples[1].narrow(-1, outputs, 1);
    return (error * error).sum();
}

Case exact_mlp() {
    return {
        .name = "exact-mlp",
        .summary = "regression of tokens by a ReLU perceptron where no order of evaluation rounds, bit for bit, SGD",
        .contract = {.weighting = Weighting::token_mean, .exact = true},
        .optimizer = {.kind = OptimizerChoice::Kind::sgd, .lr = 0.03125, .ternary = true},
        .make_data = make_data,
        .make_model = [](at::ScalarType dtype, Seed seed) { return std::make_shared<ExactMlp>(dtype, seed); },
        .loss_sum = loss_sum};
}

ISOBATCH_CASE(exact_mlp);

}  // namespace

}  // namespace isobatch
