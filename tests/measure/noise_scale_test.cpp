#include "measure/noise_scale.h"

#include <cmath>
#include <vector>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

using Gradients = std::vector<std::vector<double>>;

constexpr std::size_t parameters = 64;

/// Samples whose gradients scatter around a known one: trace 128, square 4, so that the scale is 32 samples.
double true_gradient(std::size_t j) {
    return j < 16 ? 0.5 : 0;
}
double deviation(std::size_t j) {
    return std::sqrt(j % 2 == 0 ? 3.0 : 1.0);
}

Gradients micros(Random& random, const std::vector<std::int64_t>& samples) {
    Gradients gradients;
    for (const std::int64_t count : samples) {
        gradients.emplace_back();
        for (std::size_t j = 0; j < parameters; ++j)
            gradients.back().push_back(true_gradient(j) +
                                       deviation(j) * random.normal() / std::sqrt(static_cast<double>(count)));
    }
    return gradients;
}

std::vector<std::span<const double>> spans_of(const Gradients& gradients) {
    return {gradients.begin(), gradients.end()};
}

double square_of(const std::vector<double>& gradient) {
    double sum = 0;
    for (const double value : gradient) sum += value * value;
    return sum;
}

std::vector<Noise> windows(std::size_t count, Seed seed, const std::vector<std::int64_t>& samples) {
    Random random(seed);
    std::vector<Noise> all;
    for (std::size_t k = 0; k < count; ++k) {
        const Gradients gradients = micros(random, samples);
        all.push_back(noise_of_micros(spans_of(gradients), samples));
    }
    return all;
}

TEST(NoiseScale, FindsTheKnownAnswerWithinFivePercent) {
    // 1,000 windows of 32 samples each.
    for (const std::vector<std::int64_t>& samples :
         {std::vector<std::int64_t>{4, 4, 4, 4, 4, 4, 4, 4}, std::vector<std::int64_t>{16, 1, 7, 8}}) {
        const NoiseScale found = noise_scale(windows(1000, {3}, samples), {1});
        EXPECT_NEAR(found.noise.trace, 128, 0.05 * 128);
        EXPECT_NEAR(found.noise.square, 4, 0.05 * 4);
        EXPECT_NEAR(found.scale.value, 32, 0.05 * 32);
        EXPECT_LT(found.scale.low, 32);
        EXPECT_GT(found.scale.high, 32);
    }
}

TEST(NoiseScale, TheIntervalHoldsTheTruthAboutAsOftenAsItSays) {
    int held = 0;
    for (std::uint64_t k = 0; k < 200; ++k) {
        const Estimate scale = noise_scale(windows(40, Seed{5}.split(k), {8, 8, 8, 8}), {1}).scale;
        held += scale.low <= 32 && 32 <= scale.high;
    }
    EXPECT_GE(held, 176);  // 95 of 100 in the limit of many windows; these are 40
}

TEST(NoiseScale, LeavingOutEachWindowTakesOffTheBiasOfTheRatio) {
    double mean = 0, plain = 0;
    constexpr int times = 400;
    for (std::uint64_t k = 0; k < times; ++k) {
        const NoiseScale found = noise_scale(windows(20, Seed{9}.split(k), {16, 16}), {1});
        mean += found.scale.value / times;
        plain += found.noise.trace / found.noise.square / times;
    }
    EXPECT_LT(std::abs(mean - 32), std::abs(plain - 32));
    EXPECT_NEAR(mean, 32, 0.02 * 32);
}

TEST(NoiseOfNorms, IsTheSameWhereMicrosAreAsLarge) {
    Random random(Seed{2});
    const std::vector<std::int64_t> samples(8, 4);
    const Gradients gradients = micros(random, samples);
    std::vector<double> mean(parameters, 0);
    double few = 0;
    for (const auto& gradient : gradients) {
        few += square_of(gradient) / 8;
        for (std::size_t j = 0; j < parameters; ++j) mean[j] += gradient[j] / 8;
    }
    const Noise by_norms = noise_of_norms(few, 4, square_of(mean), 32),
                by_micros = noise_of_micros(spans_of(gradients), samples);
    EXPECT_NEAR(by_norms.trace, by_micros.trace, 1e-9);
    EXPECT_NEAR(by_norms.square, by_micros.square, 1e-9);
}

TEST(NoiseOfMicros, WithoutTheCorrectionTheGradientWouldBeTooLong) {
    double corrected = 0, raw = 0;
    for (const Noise& noise : windows(1000, {4}, {16, 16})) {
        corrected += noise.square / 1000;
        raw += (noise.square + noise.trace / 32) / 1000;
    }
    EXPECT_NEAR(corrected, 4, 0.2);
    EXPECT_NEAR(raw, 8, 0.3) << "at the critical batch the noise is as long as the gradient";
}

TEST(NoiseScale, VarianceFallsWithTheBatch) {
    const NoiseScale found = noise_scale(windows(1000, {3}, {8, 8, 8, 8}), {1});
    Random random(Seed{6});
    for (const std::int64_t batch : {1, 4, 32}) {
        double variance = 0;
        for (int k = 0; k < 1000; ++k) {
            const Gradients one = micros(random, {batch});
            for (std::size_t j = 0; j < parameters; ++j) variance += std::pow(one[0][j] - true_gradient(j), 2) / 1000;
        }
        EXPECT_NEAR(found.variance(static_cast<double>(batch)) / variance, 1, 0.05) << batch;
    }
}

TEST(NoiseScale, TheCriticalBatchTakesTwiceTheFewestUpdatesAndSamples) {
    const NoiseScale found{{128, 4}, {32, 30, 34}};
    EXPECT_EQ(found.updates(32), 2);
    EXPECT_EQ(found.samples(32), 2);
    EXPECT_EQ(found.updates(8), 5);
    EXPECT_EQ(found.samples(128), 5);
}

TEST(NoiseScale, AGradientLostInNoiseHasNone) {
    const std::vector<Noise> lost{{1, -2}, {1, 1}};
    EXPECT_TRUE(std::isinf(noise_scale(lost, {1}).scale.value));
    EXPECT_TRUE(std::isinf(noise_scale(lost, {1}).scale.high));
}

}  // namespace
}  // namespace isobatch
