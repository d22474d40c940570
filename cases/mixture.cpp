/// Classification by a mixture of experts, with a loss that balances what the gate gives them: it is a product of means
/// over the micro, which is no sum over its samples.
#include <ATen/ops/argmax.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/softmax.h>

#include "cases/drawn.h"
#include "cases/rows.h"
#include "cases/widened.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t features = 8, hidden = 6, experts = 3, classes = 4;
constexpr double balance = 0.1;

struct Mixture : Drawn {
    Mixture(at::ScalarType dtype, Seed seed) : Drawn(dtype, seed) {
        gate = parameter("gate", {experts, features}, 0.5);
        widen = parameter("widen", {experts * hidden, features}, 0.35);
        narrow = parameter("narrow", {classes, experts * hidden}, 0.3);
    }

    at::Tensor gate, widen, narrow;
};

/// Every expert sees every sample, by its share: which of them is the first cannot hang on a rounding.
at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    const auto& own = static_cast<const Mixture&>(model);
    const at::Tensor shares = at::softmax(widened(at::linear(examples[0], own.gate)), -1);
    const at::Tensor each = widened(at::gelu(at::linear(examples[0], own.widen))).reshape({-1, experts, hidden});
    const at::Tensor logits =
        widened(at::linear((each * shares.unsqueeze(-1)).flatten(1).to(own.narrow.scalar_type()), own.narrow));
    const at::Tensor mean = shares.mean(0);
    return at::cross_entropy_loss(logits, examples[1], {}, at::Reduction::Sum) +
           balance * static_cast<double>(experts * examples[0].size(0)) * mean.square().sum();
}

Dataset make_data(const DataChoice& choice) {
    const at::Tensor inputs = draw_normal({choice.samples, features}, 1, choice.seed.split("inputs"));
    const at::Tensor truth = draw_normal({classes, features}, 1, choice.seed.split("truth"));
    return whole_samples(inputs, at::linear(inputs, truth).argmax(-1));
}

Case mixture() {
    return {.name = "mixture",
            .summary =
                "classification by a mixture of experts whose load is balanced over a micro, which is declared, mean "
                "over samples, AdamW",
            .contract = {.weighting = Weighting::sample_mean, .couples_samples = true},
            .optimizer = {.kind = OptimizerChoice::Kind::adamw, .lr = 0.01, .weight_decay = 0.01, .clip_norm = 0.5},
            .make_data = make_data,
            .make_model = [](at::ScalarType dtype, Seed seed) { return std::make_shared<Mixture>(dtype, seed); },
            .loss_sum = loss_sum};
}

ISOBATCH_CASE(mixture);

}  // namespace

}  // namespace isobatch
