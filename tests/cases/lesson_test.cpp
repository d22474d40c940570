#include "gradient_check.h"

namespace isobatch {

TEST(Lesson, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("lesson");
}

TEST(Lesson, LossIsASumOverSamples) {
    expect_additive_loss("lesson");
}

}  // namespace isobatch
