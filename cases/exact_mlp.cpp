/// Regression of the tokens of a row by a ReLU perceptron with the squared error, on a lattice: every split must have
/// the same bits.
#include <ATen/ops/relu.h>

#include "cases/lattice.h"
#include "cases/perceptron.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t features = 8, hidden = 16, outputs = 4, longest = 8;

std::shared_ptr<torch::nn::Module> make_model(at::ScalarType dtype, Seed seed) {
    const std::int64_t sizes[] = {features, hidden, hidden, outputs};
    return std::make_shared<Perceptron>(
        sizes, dtype, [&](std::uint64_t layer, const std::string& kind, at::IntArrayRef shape) {
            return draw_ternary(shape, 0.25, seed.split("layer" + std::to_string(layer) + "_" + kind));
        });
}

Dataset make_data(const DataChoice& choice) {
    const std::vector<std::int64_t> lengths = dyadic_lengths(choice, longest);
    const at::Tensor inputs = draw_integers({choice.samples, longest, features}, 2, choice.seed.split("inputs"));
    return rows_in_order(inputs, scored_targets(lengths, longest, outputs, choice.seed.split("targets")), lengths);
}

at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    const at::Tensor x =
        static_cast<const Perceptron&>(model).forward(examples[0], [](const at::Tensor& y) { return at::relu(y); });
    return squared_error(x, examples[1]);
}

Case exact_mlp() {
    return {
        .name = "exact-mlp",
        .summary = "regression of tokens by a ReLU perceptron where no order of evaluation rounds, bit for bit, SGD",
        .contract = {.weighting = Weighting::token_mean, .exact = true},
        .optimizer = {.kind = OptimizerChoice::Kind::sgd, .lr = 0.03125, .ternary = true},
        .make_data = make_data,
        .make_model = make_model,
        .loss_sum = loss_sum};
}

ISOBATCH_CASE(exact_mlp);

}  // namespace

}  // namespace isobatch
