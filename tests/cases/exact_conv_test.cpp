#include "exact_check.h"
#include "gradient_check.h"

namespace isobatch {

TEST(ExactConv, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("exact-conv", off_the_lattice);
}

TEST(ExactConv, LossIsASumOverSamples) {
    expect_additive_loss("exact-conv");
}

TEST(ExactConv, NoWindowNeedsRounding) {
    expect_certificates("exact-conv");
}

TEST(ExactConv, EverySplitHasTheSameBits) {
    expect_same_bits("exact-conv");
}

TEST(ExactConv, AnEpsilonInTheDivisorIsRed) {
    expect_red_epsilon("exact-conv");
}

}  // namespace isobatch
