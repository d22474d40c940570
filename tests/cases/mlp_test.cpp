#include "gradient_check.h"

namespace isobatch {

TEST(Mlp, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("mlp");
}

TEST(Mlp, LossIsASumOverSamples) {
    expect_additive_loss("mlp");
}

}  // namespace isobatch
