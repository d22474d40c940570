#include "gradient_check.h"

namespace isobatch {

TEST(Gpt, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("gpt");
}

TEST(Gpt, LossIsASumOverSamples) {
    expect_additive_loss("gpt");
}

}  // namespace isobatch
