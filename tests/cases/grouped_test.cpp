#include <cmath>

#include "gradient_check.h"

namespace isobatch {

TEST(Grouped, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("grouped");
}

TEST(Grouped, LossIsASumOverSamples) {
    expect_additive_loss("grouped");
}

/// Eleven samples in windows of four: one group each, and a last one of three.
TEST(Grouped, RewardsAreNormalisedInTheWholeGroup) {
    const isobatch::Setup setup = case_setup("grouped");
    std::vector<std::int64_t> all(11);
    for (std::int64_t i = 0; i < 11; ++i) all[static_cast<std::size_t>(i)] = i;
    const Examples examples = setup.examples(all, at::kDouble);
    for (const auto& [begin, size] : {std::pair{0, 4}, std::pair{4, 4}, std::pair{8, 3}}) {
        const at::Tensor advantages = examples[2].narrow(0, begin, size);
        EXPECT_NEAR(advantages.sum().item<double>(), 0, 1e-12);
        EXPECT_NEAR(advantages.square().mean().item<double>(), 1, 1e-2);
        for (std::int64_t i = begin; i < begin + size; ++i) EXPECT_EQ(examples[5][i].item<std::int64_t>(), size);
    }
}

TEST(Grouped, GroupsOfALargerWindowAreInterleaved) {
    Trial trial;
    trial.subject = "grouped";
    trial.samples = 21;
    trial.split = {4, 2, 1};
    const isobatch::Setup setup = make_setup(trial);
    const Examples examples = setup.examples(std::vector<std::int64_t>{0, 1, 2, 7, 8, 16, 17, 20}, at::kDouble);
    const std::vector<std::int64_t> groups{0, 1, 0, 1, 2, 4, 5, 4}, members{4, 4, 4, 4, 4, 3, 2, 3};
    for (std::size_t i = 0; i < groups.size(); ++i) {
        EXPECT_EQ(examples[4][static_cast<std::int64_t>(i)].item<std::int64_t>(), groups[i]);
        EXPECT_EQ(examples[5][static_cast<std::int64_t>(i)].item<std::int64_t>(), members[i]);
    }
}

TEST(Grouped, ASliceNormalisesWhatItHoldsOfAGroup) {
    const isobatch::Setup setup = case_setup("grouped");
    const Replica replica = make_replica(*setup.subject, setup.trial, 0, 1);
    const at::NoGradGuard no_grad;
    const auto wrong = [&](const std::vector<std::int64_t>& samples) {
        return setup.subject->wrong
            .at("group-normalised-in-slice")(*replica.model, setup.examples(samples, at::kDouble), {})
            .item<double>();
    };
    const std::vector<std::int64_t> whole{0, 1, 2, 3}, half{0, 1}, one{2};
    EXPECT_EQ(wrong(whole), loss_of(setup, replica, whole)) << "bit for bit";
    EXPECT_EQ(wrong(one), 0) << "beside itself alone every reward is the mean";
    const Examples examples = setup.examples(half, at::kDouble);
    const double first = examples[3][0].item<double>(), second = examples[3][1].item<double>();
    const double off = (first - second) / 2, size = off / (std::abs(off) + 1e-4);
    Examples by_hand = examples;
    by_hand[2] = at::Tensor(examples[2]).clone();
    by_hand[2][0] = size;
    by_hand[2][1] = -size;
    EXPECT_NEAR(wrong(half), setup.subject->loss_sum(*replica.model, by_hand).item<double>(), 1e-12);
}

}  // namespace isobatch
