/// A two-layer causal Transformer language model with what real ones have: tied embedding, separate query, key and
/// value projections (the key bias has a true gradient of zero), rows of different lengths with ignored labels, a mean
/// over tokens.
#include <ATen/Context.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/reshape.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "cases/drawn.h"
#include "cases/labelled.h"
#include "cases/recomputed.h"
#include "cases/rows.h"
#include "cases/widened.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t vocabulary = 32, width = 32, heads = 2, layers = 2, longest = 12;

/// Rows of a table. Their gradients are added to it in no order, by atomics, where the device has kernels that do so.
struct Scattered : torch::autograd::Function<Scattered> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& table,
                              const at::Tensor& rows) {
        context->save_for_backward({rows});
        context->saved_data["count"] = table.size(0);
        return at::embedding(table, rows);
    }
    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::tensor_list& gradients) {
        const at::Tensor rows = context->get_saved_variables()[0].reshape({-1});
        const at::Tensor added = gradients[0].reshape({rows.size(0), -1});
        at::Tensor table = at::zeros({context->saved_data["count"].toInt(), added.size(1)}, added.options());
        at::Context& switches = at::globalContext();
        const bool before = switches.deterministicAlgorithms();
        switches.setDeterministicAlgorithms(false, false);
        table.index_add_(0, rows, added);
        switches.setDeterministicAlgorithms(before, false);
        return {table, at::Tensor()};
    }
};

struct Gpt : Drawn {
    struct Affine {
        at::Tensor weight, bias;
        at::Tensor operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }
    };
    struct Norm {
        at::Tensor weight, bias;
        at::Tensor operator()(const at::Tensor& x) const { return at::layer_norm(x, {width}, weight, bias); }
    };
    struct Block {
        Norm before_attention, before_mlp;
        Affine query, key, value, merge, widen, narrow;

        at::Tensor operator()(const at::Tensor& input) const {
            const std::int64_t rows = input.size(0), length = input.size(1);
            const auto split = [&](const at::Tensor& t) {
                return t.reshape({rows, length, heads, width / heads}).transpose(1, 2);
            };
            const at::Tensor y = before_attention(input);
            const at::Tensor mixed =
                at::scaled_dot_product_attention(split(query(y)), split(key(y)), split(value(y)), {}, 0.0, true);
            const at::Tensor x = input + merge(mixed.transpose(1, 2).reshape({rows, length, width}));
            return x + narrow(at::gelu(widen(before_mlp(x))));
        }
        std::vector<at::Tensor> parameters() const {
            return {before_attention.weight,
                    before_attention.bias,
                    before_mlp.weight,
                    before_mlp.bias,
                    query.weight,
                    query.bias,
                    key.weight,
                    key.bias,
                    value.weight,
                    value.bias,
                    merge.weight,
                    merge.bias,
                    widen.weight,
                    widen.bias,
                    narrow.weight,
                    narrow.bias};
        }
    };

    Gpt(at::ScalarType dtype, Seed seed, bool recomputes) : Drawn(dtype, seed), recomputes_(recomputes) {
        embedding = parameter("embedding", {vocabulary, width}, 0.3);
        position = parameter("position", {longest, width}, 0.1);
        for (int layer = 0; layer < layers; ++layer) {
            const std::string name = "block" + std::to_string(layer) + "_";
            blocks.push_back({norm(name + "norm1"), norm(name + "norm2"), affine(name + "query", width, width),
                              affine(name + "key", width, width), affine(name + "value", width, width),
                              affine(name + "merge", width, width), affine(name + "widen", 2 * width, width),
                              affine(name + "narrow", width, 2 * width)});
        }
        last = norm("norm");
    }

    /// Logits [rows, length, vocabulary]; the embedding is also the output layer.
    at::Tensor forward(const at::Tensor& tokens, bool scattered = false) const {
        const at::Tensor own = scattered ? Scattered::apply(embedding, tokens) : at::embedding(embedding, tokens);
        at::Tensor x = own + position.narrow(0, 0, tokens.size(1));
        for (const Block& block : blocks)
            x = recomputes_ ? recomputed(std::cref(block), x, block.parameters()) : block(x);
        return at::linear(last(x), embedding);
    }

private:
    Affine affine(const std::string& name, std::int64_t out, std::int64_t in) {
        return {parameter(name + "_weight", {out, in}, 0.2), parameter(name + "_bias", {out}, 0.05)};
    }
    Norm norm(const std::string& name) {
        const auto options = at::TensorOptions().dtype(dtype_);
        return {register_parameter(name + "_weight", at::ones({width}, options)),
                register_parameter(name + "_bias", at::zeros({width}, options))};
    }

    bool recomputes_;

public:
    at::Tensor embedding, position;
    std::vector<Block> blocks;
    Norm last;
};

/// Rows of a noisy affine recurrence over the vocabulary; a row of k scored positions has k + 1 tokens.
Dataset make_data(const DataChoice& choice) {
    const auto [samples, effective, kind, seed] = choice;
    const std::vector<std::int64_t> lengths = row_lengths(samples, longest, kind, seed);
    at::Tensor inputs = at::zeros({samples, longest}, at::TensorOptions().dtype(at::kLong));
    at::Tensor targets = at::full({samples, longest}, ignored, at::TensorOptions().dtype(at::kLong));
    Random random(seed.split("tokens"));
    for (std::int64_t row = 0; row < samples; ++row) {
        auto token = static_cast<std::int64_t>(random.below(vocabulary));
        for (std::int64_t t = 0; t < longest; ++t) {
            const auto next = (5 * token + 3 + static_cast<std::int64_t>(random.below(3))) % vocabulary;
            const bool scored = t < lengths[static_cast<std::size_t>(row)];
            if (scored || t == 0) inputs.mutable_data_ptr<std::int64_t>()[row * longest + t] = token;
            if (scored) targets.mutable_data_ptr<std::int64_t>()[row * longest + t] = next;
            token = next;
        }
    }
    return padded_rows(inputs, targets, lengths);
}

at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples, bool scattered) {
    const at::Tensor logits = static_cast<Gpt&>(model).forward(examples[0], scattered);
    return labelled_loss(widened(logits), examples[1]);
}

Case case_of(std::string name, std::string summary, bool recomputes) {
    return {
        .name = std::move(name),
        .summary = std::move(summary),
        .contract = {.weighting = Weighting::token_mean},
        .optimizer = {.kind = OptimizerChoice::Kind::adamw, .lr = 1e-2, .weight_decay = 0.01, .clip_norm = 0.5},
        .make_data = make_data,
        .make_model = [recomputes](at::ScalarType dtype,
                                   Seed seed) { return std::make_shared<Gpt>(dtype, seed, recomputes); },
        .loss_sum = [](torch::nn::Module& model, const Examples& examples) { return loss_sum(model, examples, false); },
        .wrong = {{"nondeterministic-scatter", [](torch::nn::Module& model, const Examples& examples, const Part&) {
                       return loss_sum(model, examples, true);
                   }}}};
}

Case gpt() {
    return case_of("gpt", "2-layer causal Transformer language model, tied embedding, mean over scored tokens, AdamW",
                   false);
}

/// The same to the last bit, for less memory and more time.
Case gpt_recomputed() {
    return case_of("gpt-recomputed", "gpt, each block of which is run again in the backward: gradient checkpointing",
                   true);
}

/// The same to the last bit on the CPU, where LibTorch's choice is one kernel anyway.
Case gpt_fused() {
    Case fused =
        case_of("gpt-fused", "gpt, whose attention is one kernel on a GPU too: flash or memory-efficient", false);
    fused.fused_attention = true;
    return fused;
}

ISOBATCH_CASE(gpt);
ISOBATCH_CASE(gpt_recomputed);
ISOBATCH_CASE(gpt_fused);

}  // namespace

}  // namespace isobatch
