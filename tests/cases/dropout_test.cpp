#include <ATen/ops/full_like.h>

#include "gradient_check.h"

namespace isobatch {

TEST(Dropout, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("dropout");
}

TEST(Dropout, LossIsASumOverSamples) {
    expect_additive_loss("dropout");
}

TEST(Dropout, CorrelatedMasksAreThoseOfTheFirstMicro) {
    const isobatch::Setup setup = case_setup("dropout");
    const Replica replica = make_replica(*setup.subject, setup.trial, 0, 1);
    const std::vector<std::int64_t> own{4, 2}, other{7};
    const Examples examples = setup.examples(own, at::kDouble);
    const at::NoGradGuard no_grad;
    const auto masked_as = [&](const std::vector<std::int64_t>& first) {
        return setup.subject->wrong.at("correlated-dropout")(*replica.model, examples, {1, 1, first}).item<double>();
    };
    Examples alike = examples;
    alike[2] = at::full_like(examples[2], 7);
    EXPECT_EQ(masked_as(own), loss_of(setup, replica, own));
    EXPECT_EQ(masked_as(other), setup.subject->loss_sum(*replica.model, alike).item<double>());
    EXPECT_NE(masked_as(other), masked_as(own));
}

TEST(Dropout, AQuarterIsDroppedAndTheMaskIsTheSamplesOwn) {
    const isobatch::Setup setup = case_setup("dropout");
    const Replica replica = make_replica(*setup.subject, setup.trial, 0, 1);
    const auto one = [&](std::int64_t sample, std::int64_t counted_as) {
        Examples examples = setup.examples(std::vector{sample}, at::kDouble);
        examples[2].fill_(counted_as);
        const at::NoGradGuard no_grad;
        return setup.subject->loss_sum(*replica.model, examples).item<double>();
    };
    EXPECT_EQ(one(1, 1), loss_of(setup, replica, {1}));
    EXPECT_NE(one(1, 2), one(1, 1)) << "another sample's mask";
    // A unit that nothing is kept of has no gradient: of 16, in one token of many samples, a quarter has none.
    double dropped = 0, units = 0;
    for (std::int64_t sample = 0; sample < setup.data.size(); ++sample) {
        if (setup.data.units[static_cast<std::size_t>(sample)] != 1) continue;
        for (const at::Tensor& parameter : replica.parameters) parameter.mutable_grad().reset();
        setup.subject->loss_sum(*replica.model, setup.examples(std::vector{sample}, at::kDouble)).backward();
        dropped += replica.parameters[1].grad().eq(0).sum().item<double>();
        units += 16;
    }
    ASSERT_GT(units, 0);
    EXPECT_NEAR(dropped / units, 0.25, 0.15);
}

}  // namespace isobatch
