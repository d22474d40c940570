#include "coupled_check.h"

namespace isobatch {

TEST(Contrastive, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("contrastive");
}

TEST(Contrastive, ItsSamplesAreCoupledAndItSaysSo) {
    expect_coupled("contrastive");
}

}  // namespace isobatch
