#include "gradient_check.h"

namespace isobatch {

TEST(Tasks, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("tasks");
}

TEST(Tasks, LossIsASumOverSamples) {
    expect_additive_loss("tasks");
}

}  // namespace isobatch
