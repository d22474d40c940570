/// A policy gradient whose rewards are normalised in groups, as the answers to one question are: what weighs a sample
/// is its reward beside those of its group. The groups are of a window, so that the whole window knows them whole.
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/reshape.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>

#include "cases/draw.h"
#include "cases/drawn.h"
#include "cases/labelled.h"
#include "cases/rows.h"
#include "cases/widened.h"
#include "run/case.h"

namespace isobatch {

namespace {

constexpr std::int64_t features = 8, hidden = 12, actions = 5, longest = 9, group_size = 4;

struct Policy : Drawn {
    Policy(at::ScalarType dtype, Seed seed) : Drawn(dtype, seed) {
        trunk = parameter("trunk", {hidden, features}, 0.35);
        bias = parameter("trunk_bias", {hidden}, 0.1);
        act = parameter("act", {actions, hidden}, 0.3);
    }

    at::Tensor trunk, bias, act;
};

/// What the examples hold beside inputs and actions: of each sample, its advantage in its whole group, its reward, the
/// group, and how many that has.
enum Entry : std::size_t { advantage = 2, reward, group, members };

at::Tensor normalised(const at::Tensor& rewards) {
    const at::Tensor off = rewards - rewards.mean();
    return off / (off.square().mean().sqrt() + 1e-4);
}

/// The samples of one group, in a list of groups.
at::Tensor of_group(const at::Tensor& groups, const at::Tensor& one) {
    return groups.eq(one).nonzero().reshape({-1});
}

/// The groups of a window are interleaved, so that every cut of it cuts them.
at::Tensor groups_of(const DataChoice& choice) {
    at::Tensor groups = at::empty({choice.samples}, at::kLong);
    const std::int64_t in_window = std::max<std::int64_t>(1, choice.effective / group_size);
    for (std::int64_t i = 0; i < choice.samples; ++i)
        groups[i] = i / choice.effective * in_window + i % choice.effective % in_window;
    return groups;
}

Dataset make_data(const DataChoice& choice) {
    Dataset data = labelled_rows(choice, longest, features, actions);
    data.shuffled = false;
    const at::Tensor rewards = draw_normal({choice.samples}, 1, choice.seed.split("rewards")),
                     groups = groups_of(choice), advantages = at::zeros_like(rewards), sizes = at::zeros_like(groups);
    for (std::int64_t i = 0; i < choice.samples; ++i) {
        const at::Tensor own = of_group(groups, groups[i]);
        sizes[i] = own.numel();
        advantages.index_copy_(0, own, normalised(rewards.index_select(0, own)));
    }
    data.pick = [=, rows = data.pick](std::span<const std::int64_t> samples) {
        Examples examples = rows(samples);
        const at::Tensor own = at::tensor(at::IntArrayRef(samples.data(), samples.size()), at::kLong);
        for (const at::Tensor& entry : {advantages, rewards, groups, sizes})
            examples.push_back(entry.index_select(0, own));
        return examples;
    };
    return data;
}

at::Tensor weighted(const Policy& own, const Examples& examples, const at::Tensor& advantages) {
    const at::Tensor logits = widened(at::linear(at::tanh(at::linear(examples[0], own.trunk, own.bias)), own.act));
    const at::Tensor each = at::cross_entropy_loss(logits.reshape({-1, actions}), examples[1].reshape({-1}), {},
                                                   at::Reduction::None, ignored);
    return each.reshape(examples[1].sizes()).sum(1).mul(advantages).sum();
}

at::Tensor loss_sum(torch::nn::Module& model, const Examples& examples) {
    return weighted(static_cast<const Policy&>(model), examples, widened(examples[advantage]));
}

/// Each group is normalised by those of its members alone that are in the micro.
at::Tensor normalised_in_slice(torch::nn::Module& model, const Examples& examples, const Part&) {
    const at::Tensor advantages = widened(examples[advantage]).clone();
    for (std::int64_t i = 0; i < advantages.numel(); ++i) {
        const at::Tensor own = of_group(examples[group], examples[group][i]);
        if (own.numel() < examples[members][i].item<std::int64_t>())
            advantages.index_copy_(0, own, normalised(widened(examples[reward]).index_select(0, own)));
    }
    return weighted(static_cast<const Policy&>(model), examples, advantages);
}

Case grouped() {
    return {.name = "grouped",
            .summary =
                "policy gradient with rewards normalised in groups of four of a window, mean over scored tokens, SGD "
                "with momentum",
            .contract = {.weighting = Weighting::token_mean},
            .optimizer = {.kind = OptimizerChoice::Kind::sgd, .lr = 0.1, .momentum = 0.9},
            .make_data = make_data,
            .make_model = [](at::ScalarType dtype, Seed seed) { return std::make_shared<Policy>(dtype, seed); },
            .loss_sum = loss_sum,
            .wrong = {{"group-normalised-in-slice", normalised_in_slice}}};
}

ISOBATCH_CASE(grouped);

}  // namespace

}  // namespace isobatch
