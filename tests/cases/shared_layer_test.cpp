#include <torch/csrc/autograd/autograd.h>

#include "gradient_check.h"

namespace isobatch {

TEST(SharedLayer, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("shared-layer");
}

TEST(SharedLayer, LossIsASumOverSamples) {
    expect_additive_loss("shared-layer");
}

/// In the last application's gradient nothing is missing but the other's: another loss cannot be told by its value.
TEST(SharedLayer, WhatIsOverwrittenIsTheGradientOfTheFirstApplicationAlone) {
    const isobatch::Setup setup = case_setup("shared-layer");
    const Replica replica = make_replica(*setup.subject, setup.trial, 0, 1);
    const Examples examples = setup.examples(std::vector<std::int64_t>{0, 1, 2}, at::kDouble);
    const at::Tensor right = setup.subject->loss_sum(*replica.model, examples),
                     wrong = setup.subject->wrong.at("layer-used-twice-overwrites")(*replica.model, examples, {});
    EXPECT_EQ(right.item<double>(), wrong.item<double>());
    const auto a = torch::autograd::grad({right}, replica.parameters),
               b = torch::autograd::grad({wrong}, replica.parameters);
    for (std::size_t p = 0; p < a.size(); ++p) {
        const bool of_the_layer = replica.names[p].starts_with("shared");
        EXPECT_EQ(a[p].equal(b[p]), !of_the_layer) << replica.names[p];
        EXPECT_GT(b[p].abs().max().item<double>(), 0) << replica.names[p];
    }
}

}  // namespace isobatch
