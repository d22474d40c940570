/// Two views of each sample, told from the other samples of its micro: the negatives are what else is in the batch.
#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tanh.h>

#include "cases/draw.h"
#include "cases/perceptron.h"
#include "cases/rows.h"
#include "cases/widened.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t features = 10, hidden = 12, width = 6;

std::shared_ptr<torch::nn::Module> make_model(at::ScalarType dtype, Seed seed) {
    const std::int64_t sizes[] = {features, hidden, width};
    return std::make_shared<Perceptron>(
        sizes, dtype, [&](std::uint64_t layer, const std::string& kind, at::IntArrayRef shape) {
            return draw_normal(shape, kind == "weight" ? 0.4 : 0.1, seed.split(layer).split(kind));
        });
}

Dataset make_data(const DataChoice& choice) {
    const at::Tensor first = draw_normal({choice.samples, features}, 1, choice.seed.split("first"));
    const at::Tensor second = first + draw_normal({choice.samples, features}, 0.3, choice.seed.split("second"));
    return whole_samples(first, second);
}

/// A pair's own distance is added: alone in its micro, where nothing is to be told apart, it still has a gradient.
at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    const auto view = [&](const at::Tensor& x) {
        return widened(
            static_cast<const Perceptron&>(model).forward(x, [](const at::Tensor& y) { return at::tanh(y); }));
    };
    const at::Tensor a = view(examples[0]), b = view(examples[1]);
    const at::Tensor own = at::arange(a.size(0), a.options().dtype(at::kLong));
    return at::cross_entropy_loss(at::matmul(a, b.t()), own, {}, at::Reduction::Sum) + 0.5 * (a - b).square().sum();
}

Case contrastive() {
    return {.name = "contrastive",
            .summary =
                "pairs told from the others of their micro, which is declared, mean over samples, AdamW with "
                "entries clipped, warmed up",
            .contract = {.weighting = Weighting::sample_mean, .couples_samples = true},
            .optimizer = {.kind = OptimizerChoice::Kind::adamw,
                          .lr = 0.01,
                          .weight_decay = 0.01,
                          .clip_value = 0.05,
                          .warmup = 2},
            .make_data = make_data,
            .make_model = make_model,
            .loss_sum = loss_sum};
}

ISOBATCH_CASE(contrastive);

}  // namespace

}  // namespace isobatch
