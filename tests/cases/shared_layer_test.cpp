#include "gradient_check.h"

namespace isobatch {

TEST(SharedLayer, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("shared-layer");
}

TEST(SharedLayer, LossIsASumOverSamples) {
    expect_additive_loss("shared-layer");
}

}  // namespace isobatch
