#include "measure/noise_scale.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "base/check.h"

namespace isobatch {

namespace {

constexpr std::size_t resamples = 2000, beyond = 50;  // 50 on either side: 95 of 100 lie between

void add(Noise& sum, const Noise& one) {
    sum.trace += one.trace;
    sum.square += one.square;
}

double ratio(const Noise& noise) {
    return noise.square > 0 ? noise.trace / noise.square : std::numeric_limits<double>::infinity();
}

double resampled(std::span<const Noise> windows, Random& random) {
    Noise sum;
    for (std::size_t i = 0; i < windows.size(); ++i) add(sum, windows[random.below(windows.size())]);
    return ratio(sum);
}

/// The delete-one jackknife: n times the whole less n - 1 times the mean of what is left without each.
double unbiased(std::span<const Noise> windows, const Noise& sum) {
    const double whole = ratio(sum), count = static_cast<double>(windows.size());
    double mean = 0;
    for (const Noise& window : windows) mean += ratio({sum.trace - window.trace, sum.square - window.square}) / count;
    const double corrected = count * whole - (count - 1) * mean;
    return corrected > 0 ? corrected : whole;  // with an infinite part there is nothing to correct
}

}  // namespace

Noise noise_of_micros(std::span<const std::span<const double>> gradients, std::span<const std::int64_t> samples) {
    ISOBATCH_CHECK(gradients.size() >= 2 && gradients.size() == samples.size(), "noise needs two micros");
    const auto total = static_cast<double>(std::accumulate(samples.begin(), samples.end(), std::int64_t{0}));
    double spread = 0, length = 0;
    for (std::size_t j = 0; j < gradients[0].size(); ++j) {
        double mean = 0;
        for (std::size_t i = 0; i < gradients.size(); ++i)
            mean += static_cast<double>(samples[i]) / total * gradients[i][j];
        length += mean * mean;
        for (std::size_t i = 0; i < gradients.size(); ++i) {
            const double off = gradients[i][j] - mean;
            spread += static_cast<double>(samples[i]) * off * off;
        }
    }
    // Each micro's variance is trace ÷ its samples, and the mean takes one degree of freedom.
    const double trace = spread / static_cast<double>(gradients.size() - 1);
    return {trace, length - trace / total};
}

Noise noise_of_norms(double few_square, std::int64_t few, double many_square, std::int64_t many) {
    ISOBATCH_CHECK(0 < few && few < many, "noise needs two batch sizes");
    const auto b = static_cast<double>(few), m = static_cast<double>(many);
    return {(few_square - many_square) / (1 / b - 1 / m), (m * many_square - b * few_square) / (m - b)};
}

NoiseScale noise_scale(std::span<const Noise> windows, Seed seed) {
    ISOBATCH_CHECK(windows.size() >= 2, "a noise scale needs two windows");
    Noise sum;
    for (const Noise& window : windows) add(sum, window);
    const auto count = static_cast<double>(windows.size());
    Random random(seed);
    std::vector<double> ratios;
    for (std::size_t i = 0; i < resamples; ++i) ratios.push_back(resampled(windows, random));
    std::sort(ratios.begin(), ratios.end());
    return {{sum.trace / count, sum.square / count},
            {unbiased(windows, sum), ratios[beyond], ratios[resamples - 1 - beyond]}};
}

}  // namespace isobatch
