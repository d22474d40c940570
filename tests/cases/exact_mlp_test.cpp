#include "exact_check.h"
#include "gradient_check.h"

namespace isobatch {

TEST(ExactMlp, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("exact-mlp", off_the_lattice);
}

TEST(ExactMlp, LossIsASumOverSamples) {
    expect_additive_loss("exact-mlp");
}

TEST(ExactMlp, NoWindowNeedsRounding) {
    expect_certificates("exact-mlp");
}

TEST(ExactMlp, EverySplitHasTheSameBits) {
    expect_same_bits("exact-mlp");
}

TEST(ExactMlp, AnEpsilonInTheDivisorIsRed) {
    expect_red_epsilon("exact-mlp");
}

}  // namespace isobatch
