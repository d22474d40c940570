/// The sensitivity beside a verdict is a promise: a weight error that large is red, whichever sample it hits.
#include <algorithm>
#include <cmath>

#include "judge/compare.h"
#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/edit.h"
#include "tests/judge/synthetic.h"

namespace isobatch {
namespace {

bool judged(const WindowScale& window) {
    return !window.tensors.empty();
}
bool silent(const SyntheticWindow& window, std::size_t i) {
    return window.units[i] == 0;
}

/// The smallest weight error of sample i in window w that takes some tensor to `share` of what is allowed there.
double error_at(const WindowScale& window, std::size_t i, double share) {
    double least = std::numeric_limits<double>::infinity();
    for (const TensorScale& scale : window.tensors)
        if (scale.sample_peaks[i] > 0)
            least = std::min(least, share * scale.tolerance.allowed() / scale.sample_peaks[i]);
    return least;
}

using Case = std::tuple<Recipe, std::uint64_t>;

class Sensitivity : public testing::TestWithParam<Case> {
protected:
    /// Calls visit(w, sample) for every sample that has a weight in a judged window.
    template <class Visit>
    void each_weight(Visit visit) const {
        for (std::size_t w = 0; w < yardstick.windows.size(); ++w)
            for (std::size_t i = 0; judged(yardstick.windows[w]) && i < yardstick.windows[w].samples.size(); ++i)
                if (!silent(matrix.windows()[w], i)) visit(w, i);
    }
    Verdict misjudged(const Trace& clean, std::size_t w, std::size_t i, double d, std::size_t rank) const {
        Trace trace = clean;
        misweigh(trace.ranks[rank][w], matrix.reference().ranks[0][w], i, d);
        return judge(yardstick, trace);
    }

    const Synthetic matrix{{.recipe = std::get<0>(GetParam()), .seed = std::get<1>(GetParam())}};
    const Yardstick yardstick = yardstick_of(matrix.reference());
};
INSTANTIATE_TEST_SUITE_P(Matrices, Sensitivity,
                         testing::Combine(testing::Values(Recipe::fp64, Recipe::fp32),
                                          testing::Range<std::uint64_t>(1, 6)),
                         [](const testing::TestParamInfo<Case>& test) {
                             return to_string(std::get<0>(test.param)) + "_" + std::to_string(std::get<1>(test.param));
                         });

TEST_P(Sensitivity, AnErrorJustAboveItIsRedForEverySample) {
    for (const Split& split : {Split{16, 1, 1}, Split{2, 4, 2}, Split{1, 1, 16}}) {
        const Trace clean = matrix.candidate(split);
        const double sensitivity = judge(yardstick, clean).sensitivity;
        std::size_t rank = 0;
        each_weight([&](std::size_t w, std::size_t i) {
            rank = (rank + 1) % clean.ranks.size();
            for (const double sign : {-1.0, 1.0})
                EXPECT_EQ(misjudged(clean, w, i, sign * 1.01 * sensitivity, rank).outcome, Outcome::divergent)
                    << to_string(split) << ", window " << w << ", sample " << i << ", rank " << rank;
        });
    }
}

TEST_P(Sensitivity, ItIsNotBoughtWithAWideMargin) {
    // For one sample it is needed: at a third of it, the noise of both runs cannot reach the line.
    const Trace clean = matrix.candidate({4, 2, 2});
    const double sensitivity = judge(yardstick, clean).sensitivity;
    int green = 0;
    each_weight([&](std::size_t w, std::size_t i) {
        green += misjudged(clean, w, i, sensitivity / 3, 0).outcome < Outcome::divergent;
    });
    EXPECT_GT(green, 0);
    EXPECT_LT(sensitivity, std::get<0>(GetParam()) == Recipe::fp64 ? 1e-11 : 1e-2);
}

TEST_P(Sensitivity, AnErrorThatTheToleranceHidesStaysGreen) {
    const Trace clean = matrix.candidate({4, 2, 2});
    const double noise = judge(yardstick, clean).margin;
    ASSERT_LT(noise, 0.06);
    each_weight([&](std::size_t w, std::size_t i) {
        const WindowScale& window = yardstick.windows[w];
        EXPECT_EQ(misjudged(clean, w, i, error_at(window, i, 0.12 - noise), 0).outcome, Outcome::equivalent)
            << w << " " << i;
        EXPECT_EQ(misjudged(clean, w, i, error_at(window, i, 0.99 - noise), 1).outcome, Outcome::inconclusive)
            << w << " " << i;
        EXPECT_EQ(misjudged(clean, w, i, error_at(window, i, 1.01 + noise), 1).outcome, Outcome::divergent)
            << w << " " << i;
    });
}

TEST_P(Sensitivity, IsTheWorstSampleOfTheWorstWindow) {
    double expected = 0;
    each_weight(
        [&](std::size_t w, std::size_t i) { expected = std::max(expected, error_at(yardstick.windows[w], i, 2)); });
    EXPECT_EQ(judge(yardstick, matrix.candidate({8, 1, 2})).sensitivity, expected);

    Trace first_only = matrix.candidate({8, 1, 2});
    for (auto& rank : first_only.ranks) rank.resize(1);
    expected = 0;
    each_weight([&](std::size_t w, std::size_t i) {
        expected = std::max(expected, w == 0 ? error_at(yardstick.windows[w], i, 2) : 0);
    });
    EXPECT_EQ(judge(yardstick, first_only).sensitivity, expected);
}

TEST(SensitivityOf, ATenTimesWiderToleranceIsSeenInIt) {
    const Synthetic matrix;
    Yardstick yardstick = yardstick_of(matrix.reference());
    const Trace clean = matrix.candidate({4, 4, 1});
    const double before = judge(yardstick, clean).sensitivity;
    for (WindowScale& window : yardstick.windows)
        for (TensorScale& scale : window.tensors) scale.tolerance.factor *= 10;
    EXPECT_NEAR(judge(yardstick, clean).sensitivity / before, 10, 1e-9);
}

}  // namespace
}  // namespace isobatch
