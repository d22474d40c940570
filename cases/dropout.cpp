/// Classification of the tokens of a row with dropout whose random numbers are each sample's own: the mask of an entry
/// is a function of the sample, the position and the unit alone, so that no split changes it.
#include <ATen/ops/arange.h>
#include <ATen/ops/bitwise_and.h>
#include <ATen/ops/bitwise_right_shift.h>
#include <ATen/ops/reshape.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/tensor.h>

#include "cases/draw.h"
#include "cases/labelled.h"
#include "cases/perceptron.h"
#include "cases/widened.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t features = 8, hidden = 16, classes = 4, longest = 9;

std::shared_ptr<torch::nn::Module> make_model(at::ScalarType dtype, Seed seed) {
    const std::int64_t sizes[] = {features, hidden, classes};
    return std::make_shared<Perceptron>(
        sizes, dtype, [&](std::uint64_t layer, const std::string& kind, at::IntArrayRef shape) {
            return draw_normal(shape, kind == "weight" ? 0.35 : 0.1, seed.split(layer).split(kind));
        });
}

/// With the samples' numbers as the third of the examples.
Dataset make_data(const DataChoice& choice) {
    Dataset data = labelled_rows(choice, longest, features, classes);
    data.pick = [rows = data.pick](std::span<const std::int64_t> samples) {
        Examples examples = rows(samples);
        examples.push_back(at::tensor(at::IntArrayRef(samples.data(), samples.size()), at::kLong));
        return examples;
    };
    return data;
}

/// 4/3 for three entries of four, and 0 for the others. Integers have the same bits on every device: a counter, of
/// which two multiplications modulo 2^64 leave two mixed bits.
at::Tensor mask(const at::Tensor& samples, std::int64_t length, const at::TensorOptions& options) {
    const auto indices = [&](std::int64_t count) { return at::arange(count, samples.options()); };
    const at::Tensor counter = (samples.reshape({-1, 1, 1}) * longest + indices(length).reshape({1, -1, 1})) * hidden +
                               indices(hidden).reshape({1, 1, -1});
    const at::Tensor once = counter * 0x5851F42D4C957F2D;
    const at::Tensor twice =
        (once + at::bitwise_and(at::bitwise_right_shift(once, 29), 0x7FFFFFFFF)) * 0x14057B7EF767814F;
    return at::bitwise_and(at::bitwise_right_shift(twice, 40), 3).ne(0).to(options).mul(4.0 / 3);
}

at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    const auto& own = static_cast<const Perceptron&>(model);
    const at::Tensor x = at::tanh(at::linear(examples[0], own.weights[0], own.biases[0]));
    const at::Tensor kept = x * mask(examples[2], x.size(1), x.options());
    const at::Tensor logits = widened(at::linear(kept, own.weights[1], own.biases[1]));
    return labelled_loss(logits, examples[1]);
}

/// Every micro has the masks of the window's first one.
at::Tensor masked_alike(torch::nn::Module& model, const Examples& examples, const Part& micro) {
    std::vector<std::int64_t> others;
    for (std::int64_t i = 0; i < examples[2].numel(); ++i)
        others.push_back(micro.first[static_cast<std::size_t>(i) % micro.first.size()]);
    return loss_sum(model, {examples[0], examples[1], at::tensor(others, examples[2].options())});
}

Case dropout() {
    return {.name = "dropout",
            .summary =
                "token classification with dropout that is each sample's own, mean over scored tokens, SGD with "
                "momentum",
            .contract = {.weighting = Weighting::token_mean},
            .optimizer = {.kind = OptimizerChoice::Kind::sgd, .lr = 0.1, .momentum = 0.9, .clip_norm = 0.1},
            .make_data = make_data,
            .make_model = make_model,
            .loss_sum = loss_sum,
            .wrong = {{"correlated-dropout", masked_alike}}};
}

ISOBATCH_CASE(dropout);

}  // namespace

}  // namespace isobatch
