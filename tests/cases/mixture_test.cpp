#include "coupled_check.h"

namespace isobatch {

TEST(Mixture, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("mixture");
}

TEST(Mixture, ItsSamplesAreCoupledAndItSaysSo) {
    expect_coupled("mixture");
}

}  // namespace isobatch
