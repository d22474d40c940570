#include "gradient_check.h"

namespace isobatch {

TEST(Tasks, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("tasks");
}

TEST(Tasks, LossIsASumOverSamples) {
    expect_additive_loss("tasks");
}

TEST(Tasks, AWrongLossIsRightInTheWholeWindow) {
    const isobatch::Setup setup = case_setup("tasks");
    const Replica replica = make_replica(*setup.subject, setup.trial, 0, 1);
    const Examples examples = setup.examples(std::vector<std::int64_t>{0, 1}, at::kDouble);
    const double units = setup.data.units[0] + setup.data.units[1];
    const at::NoGradGuard no_grad;
    const double right = setup.subject->loss_sum(*replica.model, examples).item<double>();
    double squares = 0;
    for (const at::Tensor& parameter : replica.parameters)
        squares += parameter.dim() == 2 ? parameter.square().sum().item<double>() : 0;
    const auto wrong = [&](const char* id, double window_units) {
        return setup.subject->wrong.at(id)(*replica.model, examples, {units, window_units, {}}).item<double>();
    };
    for (const char* id : {"regulariser-per-micro", "label-smoothing-local-mean"}) EXPECT_EQ(wrong(id, units), right);
    EXPECT_NEAR(wrong("regulariser-per-micro", units + 8) - right, 0.01 / 2 * squares * 8, 1e-12);
    EXPECT_GT(wrong("label-smoothing-local-mean", 2 * units), right);
    EXPECT_LT(wrong("label-smoothing-local-mean", 2 * units), 2 * right) << "what is not smoothed is as it was";
}

}  // namespace isobatch
