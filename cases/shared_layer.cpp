/// Classification of the tokens of a row by a network that applies one layer twice: its gradient is the sum of what
/// both applications leave.
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/reshape.h>
#include <torch/nn/module.h>

#include "cases/draw.h"
#include "cases/labelled.h"
#include "cases/rows.h"
#include "cases/widened.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t features = 8, hidden = 12, classes = 4, longest = 9;

struct SharedLayer : torch::nn::Module {
    SharedLayer(at::ScalarType dtype, Seed seed) {
        const auto parameter = [&](const std::string& name, at::IntArrayRef shape, double deviation) {
            return register_parameter(name, draw_normal(shape, deviation, seed.split(name)).to(dtype));
        };
        widen = parameter("widen", {hidden, features}, 0.35);
        shared = parameter("shared", {hidden, hidden}, 0.3);
        bias = parameter("shared_bias", {hidden}, 0.1);
        head = parameter("head", {classes, hidden}, 0.3);
    }

    at::Tensor forward(const at::Tensor& input) const {
        at::Tensor x = at::linear(input, widen);
        for (int application = 0; application < 2; ++application) x = x + at::gelu(at::linear(x, shared, bias));
        return at::linear(x, head);
    }

    at::Tensor widen, shared, bias, head;
};

at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    const at::Tensor logits = widened(static_cast<const SharedLayer&>(model).forward(examples[0]));
    return at::cross_entropy_loss(logits.reshape({-1, classes}), examples[1].reshape({-1}), {}, at::Reduction::Sum,
                                  ignored);
}

Case shared_layer() {
    return {.name = "shared-layer",
            .summary = "token classification with one layer that is applied twice, mean over scored tokens, Adam",
            .contract = {.weighting = Weighting::token_mean},
            .optimizer = {.kind = OptimizerChoice::Kind::adam, .lr = 0.01, .weight_decay = 0.01, .clip_norm = 0.1},
            .make_data = [](const DataChoice& choice) { return labelled_rows(choice, longest, features, classes); },
            .make_model = [](at::ScalarType dtype, Seed seed) { return std::make_shared<SharedLayer>(dtype, seed); },
            .loss_sum = loss_sum};
}

ISOBATCH_CASE(shared_layer);

}  // namespace

}  // namespace isobatch
