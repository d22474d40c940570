/// A Transformer language model on a lattice, through the production softmax, cross entropy and GELU: scaled until they
/// are their own asymptotes, they choose and cut off, and every split must have the same bits.
#include <ATen/ops/arange.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/reshape.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/triu.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/module.h>

#include "cases/labelled.h"
#include "cases/lattice.h"
#include "cases/rows.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t vocabulary = 16, width = 16, heads = 2, layers = 2, longest = 8;
/// exp(-x) is 0 from 104 on in fp32 and from 746 on in fp64; GELU is x or 0 from 6.5 and 39 on.
constexpr double gap = 1024;

struct ExactGpt : torch::nn::Module {
    struct Block {
        at::Tensor query, key, value, merge, widen, widen_bias, narrow, narrow_bias;
    };

    ExactGpt(at::ScalarType dtype, Seed seed) : dtype_(dtype), seed_(seed) {
        embedding = parameter("embedding", {vocabulary, width}, 0.25);
        position = parameter("position", {longest, width}, 0.1);
        for (int layer = 0; layer < layers; ++layer) {
            const std::string name = "block" + std::to_string(layer) + "_";
            const auto square = [&](const char* own) { return parameter(name + own, {width, width}, 0.1); };
            blocks.push_back(
                {square("query"), square("key"), square("value"), square("merge"),
                 parameter(name + "widen", {2 * width, width}, 0.1), parameter(name + "widen_bias", {2 * width}, 0.1),
                 parameter(name + "narrow", {width, 2 * width}, 0.1), parameter(name + "narrow_bias", {width}, 0.1)});
        }
    }

    /// Logits [rows, length, vocabulary], whole numbers; the embedding is also the output layer.
    at::Tensor forward(const at::Tensor& tokens) const {
        const std::int64_t length = tokens.size(1);
        at::Tensor x = at::embedding(embedding, tokens) + position.narrow(0, 0, length);
        const at::Tensor later = at::ones({length, length}, x.options().dtype(at::kBool)).triu(1);
        for (const Block& block : blocks) {
            // No two scores are equal, since the keys' positions are added.
            const at::Tensor scores =
                at::matmul(heads_of(at::linear(x, block.query)), heads_of(at::linear(x, block.key)).transpose(2, 3));
            const at::Tensor chosen = apart(scores, longest).masked_fill(later, -0x1p40).softmax(-1);
            const at::Tensor mixed = at::matmul(chosen, heads_of(at::linear(x, block.value)));
            x = x + at::linear(mixed.transpose(1, 2).reshape({-1, length, width}), block.merge);
            const at::Tensor wide = at::gelu(at::linear(x, block.widen, block.widen_bias).mul(gap)).div(gap);
            x = x + at::linear(wide, block.narrow, block.narrow_bias);
        }
        return at::linear(x, embedding);
    }

    /// Whole numbers spread until any two of a row are `gap` apart; `most` is what a row may hold.
    at::Tensor apart(const at::Tensor& whole, std::int64_t most) const {
        return (whole.mul(2.0 * static_cast<double>(most)) + at::arange(whole.size(-1), whole.options())).mul(gap);
    }

private:
    static at::Tensor heads_of(const at::Tensor& x) {
        return x.reshape({x.size(0), x.size(1), heads, width / heads}).transpose(1, 2);
    }
    at::Tensor parameter(const std::string& name, at::IntArrayRef shape, double density) {
        return register_parameter(name, draw_ternary(shape, density, seed_.split(name)).to(dtype_));
    }

    at::ScalarType dtype_;
    Seed seed_;

public:
    at::Tensor embedding, position;
    std::vector<Block> blocks;
};

Dataset make_data(const DataChoice& choice) {
    const std::vector<std::int64_t> lengths = dyadic_lengths(choice, longest);
    const auto whole = at::TensorOptions().dtype(at::kLong);
    at::Tensor inputs = at::zeros({choice.samples, longest}, whole);
    at::Tensor targets = at::full({choice.samples, longest}, ignored, whole);
    Random random(choice.seed.split("tokens"));
    for (std::int64_t row = 0; row < choice.samples; ++row) {
        for (std::int64_t t = 0; t < longest; ++t) {
            const auto token = static_cast<std::int64_t>(random.below(vocabulary)),
                       next = static_cast<std::int64_t>(random.below(vocabulary));
            inputs.mutable_data_ptr<std::int64_t>()[row * longest + t] = token;
            if (t < lengths[static_cast<std::size_t>(row)])
                targets.mutable_data_ptr<std::int64_t>()[row * longest + t] = next;
        }
    }
    return rows_in_order(inputs, targets, lengths);
}

/// With every two logits far apart the cross entropy is the largest logit less the target's.
at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    const auto& own = static_cast<ExactGpt&>(model);
    const at::Tensor logits = own.apart(own.forward(examples[0]), vocabulary);
    return labelled_loss(logits, examples[1]).div(2.0 * gap * vocabulary);
}

Case exact_gpt() {
    return {
        .name = "exact-gpt",
        .summary = "2-layer causal Transformer where no order of evaluation rounds, bit for bit, tied embedding, SGD",
        .contract = {.weighting = Weighting::token_mean, .exact = true},
        .optimizer = {.kind = OptimizerChoice::Kind::sgd, .lr = 0.0546875, .ternary = true},
        .make_data = make_data,
        .make_model = [](at::ScalarType dtype, Seed seed) { return std::make_shared<ExactGpt>(dtype, seed); },
        .loss_sum = loss_sum};
}

ISOBATCH_CASE(exact_gpt);

}  // namespace

}  // namespace isobatch
