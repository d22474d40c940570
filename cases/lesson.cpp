/// The lesson's model: linear regression, whose loss is a mean over samples.
#include <ATen/ops/linear.h>
#include <ATen/ops/sum.h>

#include "cases/drawn.h"
#include "cases/rows.h"
#include "cases/widened.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t features = 24, outputs = 4;

struct Lesson : Drawn {
    Lesson(at::ScalarType dtype, Seed seed) : Drawn(dtype, seed) {
        weight = parameter("weight", {outputs, features}, 0.2);
        bias = parameter("bias", {outputs}, 0.2);
    }
    at::Tensor weight, bias;
};

Dataset make_data(const DataChoice& choice) {
    const auto [samples, effective, lengths, seed] = choice;
    const at::Tensor inputs = draw_normal({samples, features}, 1, seed.split("inputs"));
    const at::Tensor truth = draw_normal({outputs, features}, 0.5, seed.split("truth"));
    const at::Tensor targets = at::linear(inputs, truth) + draw_normal({samples, outputs}, 0.1, seed.split("noise"));
    return whole_samples(inputs, targets);
}

Case lesson() {
    return {.name = "lesson",
            .summary = "linear regression, mean over samples, SGD",
            .contract = {.weighting = Weighting::sample_mean},
            .optimizer = {.kind = OptimizerChoice::Kind::sgd, .lr = 0.05},
            .make_data = make_data,
            .make_model = [](at::ScalarType dtype, Seed seed) { return std::make_shared<Lesson>(dtype, seed); },
            .loss_sum =
                [](torch::nn::Module& model, const Examples& examples) {
                    auto& own = static_cast<Lesson&>(model);
                    const at::Tensor error = widened(at::linear(examples[0], own.weight, own.bias)) - examples[1];
                    return (error * error).sum();
                }};
}

ISOBATCH_CASE(lesson);

}  // namespace

}  // namespace isobatch
