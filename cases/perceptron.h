#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <ATen/ops/linear.h>
#include <torch/nn/module.h>

namespace isobatch {

/// Linear layers with an activation between them.
struct Perceptron : torch::nn::Module {
    using Draw = std::function<at::Tensor(std::uint64_t layer, const std::string& kind, at::IntArrayRef shape)>;

    /// `sizes` from the inputs to the outputs; `kind` is weight or bias.
    Perceptron(std::span<const std::int64_t> sizes, at::ScalarType dtype, const Draw& draw) {
        for (std::size_t layer = 0; layer + 1 < sizes.size(); ++layer) {
            const auto add = [&](const std::string& kind, at::IntArrayRef shape) {
                return register_parameter("layer" + std::to_string(layer) + "_" + kind,
                                          draw(layer, kind, shape).to(dtype));
            };
            weights.push_back(add("weight", {sizes[layer + 1], sizes[layer]}));
            biases.push_back(add("bias", {sizes[layer + 1]}));
        }
    }

    at::Tensor forward(at::Tensor x, at::Tensor (*activate)(const at::Tensor&)) const {
        for (std::size_t layer = 0; layer < weights.size(); ++layer) {
            x = at::linear(x, weights[layer], biases[layer]);
            if (layer + 1 < weights.size()) x = activate(x);
        }
        return x;
    }

    std::vector<at::Tensor> weights, biases;
};

}  // namespace isobatch
