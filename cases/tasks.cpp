/// A loss of several terms: classification with label smoothing, a second task on a head of its own, and a regulariser,
/// of which each scored token has its share, so that their sum over a window is one.
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>

#include "cases/drawn.h"
#include "cases/labelled.h"
#include "cases/rows.h"
#include "cases/widened.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t features = 8, hidden = 12, classes = 4, longest = 9;
constexpr double smoothing = 0.1, second_task = 0.3, penalty = 0.01;

struct Tasks : Drawn {
    Tasks(at::ScalarType dtype, Seed seed) : Drawn(dtype, seed) {
        trunk = parameter("trunk", {hidden, features}, 0.35);
        bias = parameter("trunk_bias", {hidden}, 0.1);
        classify = parameter("classify", {classes, hidden}, 0.3);
        restore = parameter("restore", {features, hidden}, 0.3);
    }

    at::Tensor trunk, bias, classify, restore;
};

at::Tensor features_of(const Tasks& own, const Examples& examples) {
    return at::gelu(at::linear(examples[0], own.trunk, own.bias));
}

/// What one unit's share of the regulariser is.
at::Tensor regulariser(const Tasks& own) {
    at::Tensor squares;
    for (const at::Tensor& matrix : {own.trunk, own.classify, own.restore}) {
        const at::Tensor square = widened(matrix).square().sum();
        squares = squares.defined() ? squares + square : square;
    }
    return penalty / 2 * squares;
}

at::Tensor restored(const Tasks& own, const at::Tensor& x, const Examples& examples) {
    const at::Tensor missed = widened(at::linear(x, own.restore)) - examples[0];
    return second_task * missed.square().sum(-1).mul(examples[1].ne(ignored)).sum();
}

at::Tensor regularised(const Tasks& own, const Examples& examples) {
    return regulariser(own) * examples[1].ne(ignored).sum();
}

at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    const auto& own = static_cast<const Tasks&>(model);
    const at::Tensor x = features_of(own, examples);
    const at::Tensor named = labelled_loss(widened(at::linear(x, own.classify)), examples[1], smoothing);
    return named + restored(own, x, examples) + regularised(own, examples);
}

/// With the whole regulariser in every micro, where each unit has its share of it.
at::Tensor regularised_each_micro(torch::nn::Module& model, const Examples& examples, const Part& micro) {
    const at::Tensor more = regulariser(static_cast<const Tasks&>(model)) * (micro.window_units - micro.units);
    return loss_sum(model, examples) + more;
}

/// With the mean over the micro of what smoothing adds, where the rest is divided by the window's units.
at::Tensor smoothed_by_its_own_mean(torch::nn::Module& model, const Examples& examples, const Part& micro) {
    const auto& own = static_cast<const Tasks&>(model);
    const at::Tensor logits = widened(at::linear(features_of(own, examples), own.classify));
    const auto smoothed = [&](double by) { return labelled_loss(logits, examples[1], by); };
    const double too_often = micro.units > 0 ? micro.window_units / micro.units - 1 : 0;
    return loss_sum(model, examples) + (smoothed(smoothing) - (1 - smoothing) * smoothed(0)) * too_often;
}

Case tasks() {
    return {.name = "tasks",
            .summary =
                "token classification with label smoothing, a second task and a regulariser in the loss, mean over "
                "scored tokens, AdamW",
            .contract = {.weighting = Weighting::token_mean},
            .optimizer = {.kind = OptimizerChoice::Kind::adamw, .lr = 0.01, .weight_decay = 0.01, .clip_norm = 0.5},
            .make_data = [](const DataChoice& choice) { return labelled_rows(choice, longest, features, classes); },
            .make_model = [](at::ScalarType dtype, Seed seed) { return std::make_shared<Tasks>(dtype, seed); },
            .loss_sum = loss_sum,
            .terms = {{"regulariser",
                       [](torch::nn::Module& model, const Examples& examples) {
                           return regularised(static_cast<const Tasks&>(model), examples);
                       }},
                      {"second-task",
                       [](torch::nn::Module& model, const Examples& examples) {
                           const auto& own = static_cast<const Tasks&>(model);
                           return restored(own, features_of(own, examples), examples);
                       }}},
            .wrong = {{"regulariser-per-micro", regularised_each_micro},
                      {"label-smoothing-local-mean", smoothed_by_its_own_mean}}};
}

ISOBATCH_CASE(tasks);

}  // namespace

}  // namespace isobatch
