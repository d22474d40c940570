#include "measure/gradient_noise.h"

#include <cmath>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

/// A reference of so many windows. Each unit's gradient is the truth plus independent normal noise of this deviation,
/// in every one of ten parameters.
Trace reference(int windows, const std::vector<double>& units, double truth, double deviation) {
    Trace trace;
    trace.manifest.parameters = {{"w", {10}}};
    trace.ranks.emplace_back();
    Random random(Seed{7});
    double all = 0;
    for (const double one : units) all += one;
    for (int window = 1; window <= windows; ++window) {
        Step step;
        step.number = window;
        step.trusted = Trusted{.sample_units = units};
        for (std::size_t i = 0; i < units.size(); ++i) {
            std::vector<double> share(10);
            for (double& value : share)
                for (int unit = 0; unit < units[i]; ++unit) value += (truth + deviation * random.normal()) / all;
            Tensor column = doubles_tensor(std::move(share));
            step.tensors["sample/" + std::to_string(i) + "/w"] = std::move(column);
        }
        trace.ranks[0].push_back(std::move(step));
    }
    return trace;
}

TEST(GradientNoise, IsThatOfAUnitWhateverTheSamplesHold) {
    // Of a unit: a covariance of trace 10 · 4, and a true gradient of square 10 · 0.25: a scale of 16 units.
    const std::vector<double> even(16, 1), ragged{1, 5, 0, 2, 8, 3, 1, 4, 7, 2, 6, 1, 3, 5, 2, 4};
    for (const auto& units : {even, ragged}) {
        const std::vector<Noise> noise = noise_of_windows(reference(2000, units, 0.5, 2));
        ASSERT_EQ(noise.size(), 2000u);
        double trace = 0, square = 0;
        for (const Noise& one : noise) {
            trace += one.trace / 2000;
            square += one.square / 2000;
        }
        EXPECT_NEAR(trace, 40, 1);
        EXPECT_NEAR(square, 2.5, 0.125);
        EXPECT_NEAR(noise_scale(noise, Seed{1}).scale.value, 16, 0.8);
    }
    EXPECT_EQ(units_a_sample(reference(2, ragged, 1, 1)), 54.0 / 16);
}

TEST(GradientNoise, LeavesOutWhatIsNotJudged) {
    Trace trace = reference(3, {1, 1, 1}, 1, 1);
    trace.ranks[0][1].trusted.reset();
    EXPECT_EQ(noise_of_windows(trace).size(), 2u);
}

TEST(GradientNoise, SaysWhatIsMissing) {
    Trace none = reference(3, {1, 1, 1}, 1, 1);
    none.ranks[0][2].tensors.erase("sample/1/w");
    EXPECT_TRUE(says(error_of([&] { noise_of_windows(none); }).next(), "--keep-traces"));
    Trace split = reference(3, {1, 1, 1}, 1, 1);
    for (Step& step : split.ranks[0]) step.trusted.reset();
    EXPECT_TRUE(says(error_of([&] { noise_of_windows(split); }).problem(), "the trace of a split"));
    for (const Trace& few : {reference(1, {1, 1}, 1, 1), reference(3, {1}, 1, 1), reference(3, {1, 0}, 1, 1)})
        EXPECT_TRUE(says(error_of([&] { noise_of_windows(few); }).problem(), "two windows of two samples"));
}

}  // namespace
}  // namespace isobatch
