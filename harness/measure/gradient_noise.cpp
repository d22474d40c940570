#include "measure/gradient_noise.h"

#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "base/error.h"
#include "trace/tensor.h"

namespace isobatch {

namespace {

constexpr const char* give =
    "give the trace of a reference: isobatch check --keep-traces leaves it in traces/reference-*";

/// The mean gradient over the units of one sample: its share of the window's, which is the mean over all units.
std::vector<double> mean_of_sample(const Trace& trace, const Step& step, std::size_t sample, double share) {
    std::vector<double> gradient;
    for (const Parameter& parameter : trace.manifest.parameters) {
        const std::string key = fmt::format("sample/{}/{}", sample, parameter.name);
        const auto column = step.tensors.find(key);
        if (column == step.tensors.end())
            throw Error(fmt::format("step {} does not hold \"{}\"", step.number.value_or(0), key), "the trace", give);
        for (const double value : as_doubles(column->second, key)) gradient.push_back(value / share);
    }
    return gradient;
}

}  // namespace

std::vector<Noise> noise_of_windows(const Trace& reference) {
    std::vector<Noise> windows;
    std::size_t judged = 0;
    for (const Step& step : reference.ranks.at(0)) {
        if (!step.trusted) continue;
        ++judged;
        const std::vector<double>& units = step.trusted->sample_units;
        const double all = std::accumulate(units.begin(), units.end(), 0.0);
        std::vector<std::vector<double>> gradients;
        std::vector<std::int64_t> counts;
        for (std::size_t i = 0; i < units.size(); ++i) {
            if (!(units[i] > 0)) continue;
            gradients.push_back(mean_of_sample(reference, step, i, units[i] / all));
            counts.push_back(std::llround(units[i]));
        }
        if (gradients.size() < 2) continue;
        windows.push_back(
            noise_of_micros(std::vector<std::span<const double>>(gradients.begin(), gradients.end()), counts));
    }
    if (judged == 0)
        throw Error("it is the trace of a split, which does not know its samples' gradients", "the trace", give);
    if (windows.size() < 2)
        throw Error(fmt::format("the noise takes two windows of two samples, and there are {}", windows.size()),
                    "the trace", "give the trace of a reference with a larger effective batch or more samples");
    return windows;
}

double units_a_sample(const Trace& reference) {
    double units = 0, samples = 0;
    for (const Step& step : reference.ranks.at(0)) {
        if (!step.trusted) continue;
        for (const double one : step.trusted->sample_units) units += one;
        samples += static_cast<double>(step.trusted->sample_units.size());
    }
    return units / samples;
}

}  // namespace isobatch
