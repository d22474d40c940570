#include "judge/step_losses.h"

#include <cmath>

#include "tests/base/expect.h"
#include "tests/judge/synthetic.h"

namespace isobatch {
namespace {

std::optional<double> loss_of(const Step& step) {
    return step.loss;
}

TEST(StepLosses, AreAveragedOverThePlacesOfOneCopy) {
    const Synthetic matrix({.copies = 2});
    Trace trace = matrix.candidate({4, 2, 2});
    ASSERT_EQ(trace.ranks.size(), 4u);
    for (std::size_t rank = 0; rank < 4; ++rank) trace.ranks[rank][1].loss = std::ldexp(1, static_cast<int>(rank));
    EXPECT_EQ(mean_over_places(trace, 0, 1, loss_of), (1 + 4) / 2.);
    EXPECT_EQ(mean_over_places(trace, 1, 1, loss_of), (2 + 8) / 2.);
    EXPECT_FALSE(mean_over_places(trace, 0, trace.ranks[0].size(), loss_of));
    trace.ranks[2][1].loss.reset();
    EXPECT_FALSE(mean_over_places(trace, 0, 1, loss_of));
    EXPECT_TRUE(mean_over_places(trace, 1, 1, loss_of));
}

TEST(StepLosses, TheFirstPlaceWithTheWorstOutcomeAndTheLargestMarginAreKept) {
    CheckResult result;
    const Tolerance tolerance{.error = 1, .factor = 1};
    const auto fold = [&](std::int64_t step, double loss) {
        fold_loss(result, {step, 0, "", -1}, loss, 5, 5, tolerance, [](double off) { return std::to_string(off); });
    };
    fold(1, 5);
    EXPECT_EQ(result.outcome, Outcome::identical);
    EXPECT_FALSE(result.first);
    fold(2, 5.5);
    EXPECT_EQ(result.outcome, Outcome::equivalent);
    EXPECT_EQ(result.margin, 0.5);
    EXPECT_EQ(result.message, "");
    fold(3, 7);
    fold(4, 8);
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.first->step, 3);
    EXPECT_EQ(result.worst->step, 4);
    EXPECT_EQ(result.observed, 3);
    EXPECT_TRUE(says(result.message, "2.0"));
    fold(5, std::nan(""));
    EXPECT_TRUE(std::isinf(result.observed));
    EXPECT_EQ(result.worst->step, 5);
}

}  // namespace
}  // namespace isobatch
