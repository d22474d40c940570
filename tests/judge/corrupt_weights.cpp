/// Wrong gradients, in the samples, the numbers and the ranks.
#include <cmath>
#include <limits>

#include "tests/judge/corruption.h"
#include "tests/judge/edit.h"

namespace isobatch {
namespace {

using enum Check;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr const char* gradients[] = {"grad/weight", "grad/twin", "grad/bias", "grad/key"};

/// Of the samples that have a gradient, the one with the largest or the smallest.
std::size_t sample_of(const WindowScale& window, bool largest) {
    const std::vector<double>& peaks = window.tensors[0].sample_peaks;
    std::size_t found = 0;
    for (std::size_t i = 0; i < peaks.size(); ++i)
        if (peaks[i] > 0 && (peaks[found] == 0 || (peaks[i] > peaks[found]) == largest)) found = i;
    return found;
}

/// What a verdict calls the sensitivity of a trial of this window alone.
double sensitivity(const WindowScale& window) {
    double least = 0;
    for (std::size_t i = 0; i < window.samples.size(); ++i) {
        double needed = infinity;
        for (const TensorScale& scale : window.tensors)
            needed = std::min(needed, 2 * scale.tolerance.allowed() / scale.sample_peaks[i]);
        if (std::isfinite(needed)) least = std::max(least, needed);
    }
    return least;
}

enum class Sample { largest, smallest };

/// One sample of step k weighs 1 + d.
std::function<void(Patient)> weight(std::size_t k, Sample which, int rank, double d) {
    return [=](Patient p) {
        const std::size_t sample = sample_of(p.yardstick.windows[k], which == Sample::largest);
        for (int r = 0; r < static_cast<int>(p.trace.ranks.size()); ++r)
            if (rank == all_ranks || r == rank)
                misweigh(p.step(k, static_cast<std::size_t>(r)), p.reference[k], sample, d);
    };
}

/// The same with d in units of the window's sensitivity.
std::function<void(Patient)> sensed(std::size_t k, Sample which, int rank, double d) {
    return [=](Patient p) { weight(k, which, rank, d * sensitivity(p.yardstick.windows[k]))(p); };
}

/// A share of an earlier window's gradient is still in step k.
std::function<void(Patient)> stale(std::size_t k, std::size_t earlier, double share) {
    return [=](Patient p) {
        for (const char* name : gradients) {
            const std::vector<double> old = as_doubles(p.reference[earlier].tensors.at(name), name);
            p.each_step(
                k, [&](Step& step) { edit(step, name, [&](std::size_t j, double g) { return g + share * old[j]; }); });
        }
    };
}

/// Every element of every gradient of step k.
std::function<void(Patient)> everywhere(std::size_t k, double (*change)(double)) {
    return [=](Patient p) {
        for (const char* name : gradients)
            p.each_step(k, [&](Step& step) { edit(step, name, [&](std::size_t, double g) { return change(g); }); });
    };
}

/// One element of one gradient on one rank.
std::function<void(Patient)> element(std::size_t k, std::size_t rank, const char* name, std::size_t at,
                                     double (*change)(double)) {
    return [=](Patient p) {
        edit(p.step(k, rank), name, [&](std::size_t j, double g) { return j == at ? change(g) : g; });
    };
}

/// One gradient on one rank, element by element.
std::function<void(Patient)> tensor(std::size_t k, std::size_t rank, const char* name,
                                    double (*change)(std::size_t, double)) {
    return [=](Patient p) { edit(p.step(k, rank), name, change); };
}

/// The structurally zero gradient with an error of this share of the largest gradient's A.
std::function<void(Patient)> zero_off_by(std::size_t k, std::size_t rank, double share) {
    return [=](Patient p) {
        const double error = share * p.yardstick.windows[k].tensors[0].tolerance.magnitude;
        edit(p.step(k, rank), "grad/key", [&](std::size_t j, double g) { return j == 3 ? g + error : g; });
    };
}

void exchange_two_elements(Patient p) {
    const std::vector<double> old = as_doubles(p.step(3).tensors.at("grad/weight"), "weight");
    edit(p.step(3), "grad/weight", [&](std::size_t j, double g) { return j == 7 ? old[8] : j == 8 ? old[7] : g; });
}

double eight_bits(double g) {
    return std::ldexp(std::round(std::ldexp(g, 8)), -8);
}

const Damages table{
    {"a dropped sample", {grad}, 1, 0, weight(0, Sample::largest, all_ranks, -1)},
    {"the smallest sample dropped", {grad}, 6, 0, weight(5, Sample::smallest, all_ranks, -1)},
    {"a doubled sample", {grad}, 2, 0, weight(1, Sample::largest, all_ranks, 1)},
    {"a sample at half its weight", {grad}, 6, 0, weight(5, Sample::smallest, all_ranks, -0.5)},
    {"a sample just above the sensitivity", {grad}, 3, 0, sensed(2, Sample::smallest, all_ranks, 1.01)},
    {"a sample just below its weight", {grad}, 4, 0, sensed(3, Sample::smallest, all_ranks, -1.01)},
    {"a sample dropped on one rank", {grad}, 3, 1, weight(2, Sample::largest, 1, -1)},
    {"a sample just above the sensitivity on one rank", {grad}, 6, 1, sensed(5, Sample::smallest, 1, 1.01)},
    {"the gradient of the window before", {grad}, 2, 0, stale(1, 0, 1)},
    {"a five-hundredth of the first gradient", {grad}, 6, 0, stale(5, 0, 2e-3)},
    {"half of the gradient of the epoch before", {grad}, 4, 0, stale(3, 2, 0.5)},
    {"a gradient of twice its size", {grad}, 1, 0, everywhere(0, [](double g) { return 2 * g; })},
    {"a gradient of a quarter", {grad}, 6, 0, everywhere(5, [](double g) { return g / 4; })},
    {"a gradient of the other sign", {grad}, 3, 0, everywhere(2, [](double g) { return -g; })},
    {"no gradient", {grad}, 4, 0, everywhere(3, [](double) { return 0.0; })},
    {"a clipped gradient", {grad}, 3, 0, everywhere(2, [](double g) { return 0.9 * g; })},
    {"a gradient of eight bits", {grad}, 2, 0, everywhere(1, eight_bits)},
    {"one tensor a thousandth too large",
     {grad},
     1,
     0,
     tensor(0, 0, "grad/bias", [](std::size_t, double g) { return 1.001 * g; })},
    {"one tensor a thousandth too small",
     {grad},
     6,
     1,
     tensor(5, 1, "grad/weight", [](std::size_t, double g) { return 0.999 * g; })},
    {"a rank without reduction",
     {grad},
     2,
     1,
     tensor(1, 1, "grad/weight", [](std::size_t j, double g) { return (j % 3 ? 1.5 : 0.5) * g; })},
    {"one tensor of the window before",
     {grad},
     3,
     0,
     [](Patient p) { p.step(2).tensors["grad/bias"] = p.step(1).tensors["grad/bias"]; }},
    {"two elements exchanged", {grad}, 4, 0, exchange_two_elements},
    {"a thousandth of the others in the zero gradient", {grad}, 2, 0, zero_off_by(1, 0, 1e-3)},
    {"two millionths of the others in the zero gradient", {grad}, 6, 1, zero_off_by(5, 1, 2e-6)},
    {"one element off by a hundredth",
     {grad},
     2,
     1,
     element(1, 1, "grad/weight", 13, [](double g) { return g + 0.01; })},
};

}  // namespace

Damages damages_of_weights() {
    return with_their_norms(table);
}

}  // namespace isobatch
