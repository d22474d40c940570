/// Classification of the tokens of a row by a multilayer perceptron: small, fast, and its loss is a mean over scored
/// tokens.
#include <ATen/ops/gelu.h>

#include "cases/draw.h"
#include "cases/labelled.h"
#include "cases/perceptron.h"
#include "cases/widened.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t features = 8, hidden = 16, classes = 4, longest = 9;

std::shared_ptr<torch::nn::Module> make_model(at::ScalarType dtype, Seed seed) {
    const std::int64_t sizes[] = {features, hidden, hidden, classes};
    return std::make_shared<Perceptron>(
        sizes, dtype, [&](std::uint64_t layer, const std::string& kind, at::IntArrayRef shape) {
            return draw_normal(shape, kind == "weight" ? 0.35 : 0.1, seed.split(layer).split(kind));
        });
}

at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    const at::Tensor x =
        static_cast<const Perceptron&>(model).forward(examples[0], [](const at::Tensor& y) { return at::gelu(y); });
    return labelled_loss(widened(x), examples[1]);
}

Case mlp() {
    return {.name = "mlp",
            .summary =
                "token classification by a 3-layer perceptron, mean over scored tokens, SGD with momentum "
                "and an average of its parameters",
            .contract = {.weighting = Weighting::token_mean},
            .optimizer =
                {.kind = OptimizerChoice::Kind::sgd, .lr = 0.1, .momentum = 0.9, .clip_norm = 0.05, .average = 0.9},
            .make_data = [](const DataChoice& choice) { return labelled_rows(choice, longest, features, classes); },
            .make_model = make_model,
            .loss_sum = loss_sum};
}

ISOBATCH_CASE(mlp);

}  // namespace

}  // namespace isobatch
