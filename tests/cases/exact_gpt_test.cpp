#include "exact_check.h"
#include "gradient_check.h"

namespace isobatch {

TEST(ExactGpt, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("exact-gpt", off_the_lattice);
}

TEST(ExactGpt, LossIsASumOverSamples) {
    expect_additive_loss("exact-gpt");
}

TEST(ExactGpt, NoWindowNeedsRounding) {
    expect_certificates("exact-gpt");
}

TEST(ExactGpt, EverySplitHasTheSameBits) {
    expect_same_bits("exact-gpt");
}

TEST(ExactGpt, AnEpsilonInTheDivisorIsRed) {
    expect_red_epsilon("exact-gpt");
}

}  // namespace isobatch
