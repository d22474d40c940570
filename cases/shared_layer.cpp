/// Classification of the tokens of a row by a network that applies one layer twice: its gradient is the sum of what
/// both applications leave.
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>

#include "cases/drawn.h"
#include "cases/labelled.h"
#include "cases/widened.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t features = 8, hidden = 12, classes = 4, longest = 9;

struct SharedLayer : Drawn {
    SharedLayer(at::ScalarType dtype, Seed seed) : Drawn(dtype, seed) {
        widen = parameter("widen", {hidden, features}, 0.35);
        shared = parameter("shared", {hidden, hidden}, 0.3);
        bias = parameter("shared_bias", {hidden}, 0.1);
        head = parameter("head", {classes, hidden}, 0.3);
    }

    /// `trained`: the layer's gradient is that of its last so many applications.
    at::Tensor forward(const at::Tensor& input, int trained) const {
        at::Tensor x = at::linear(input, widen);
        for (int left = 2; left > 0; --left) {
            const auto seen = [&](const at::Tensor& own) { return left > trained ? own.detach() : own; };
            x = x + at::gelu(at::linear(x, seen(shared), seen(bias)));
        }
        return at::linear(x, head);
    }

    at::Tensor widen, shared, bias, head;
};

at::Tensor loss_of(torch::nn::Module& model, const Examples& examples, int trained) {
    return labelled_loss(widened(static_cast<const SharedLayer&>(model).forward(examples[0], trained)), examples[1]);
}

at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    return loss_of(model, examples, 2);
}

/// What the last application leaves takes the place of the other's.
at::Tensor overwritten(torch::nn::Module& model, const Examples& examples, const Part&) {
    return loss_of(model, examples, 1);
}

Case shared_layer() {
    return {.name = "shared-layer",
            .summary = "token classification with one layer that is applied twice, mean over scored tokens, Adam",
            .contract = {.weighting = Weighting::token_mean},
            .optimizer = {.kind = OptimizerChoice::Kind::adam, .lr = 0.01, .weight_decay = 0.01, .clip_norm = 0.1},
            .make_data = [](const DataChoice& choice) { return labelled_rows(choice, longest, features, classes); },
            .make_model = [](at::ScalarType dtype, Seed seed) { return std::make_shared<SharedLayer>(dtype, seed); },
            .loss_sum = loss_sum,
            .wrong = {{"layer-used-twice-overwrites", overwritten}}};
}

ISOBATCH_CASE(shared_layer);

}  // namespace

}  // namespace isobatch
