#include "diagnose/left_over.h"

#include <cmath>
#include <limits>

namespace isobatch {

namespace {

/// left ≈ share · gradient, by least squares over all parameters; the residual relative to what was left.
Recovered share_of(const Tensors& left, const Tensors& before) {
    double product = 0, squares = 0, whole = 0;
    const auto each = [&](auto visit) {
        for (const auto& [key, tensor] : before) {
            if (!key.starts_with("grad/")) continue;
            const std::vector<double> gradient = as_doubles(tensor, key);
            const auto found = left.find("left/" + key.substr(5));
            std::vector<double> rest(gradient.size(), 0);  // not written: nothing was left of it
            if (found != left.end() && found->second.count() == gradient.size()) rest = as_doubles(found->second, key);
            for (std::size_t j = 0; j < gradient.size(); ++j) visit(rest[j], gradient[j]);
        }
    };
    each([&](double rest, double gradient) {
        product += rest * gradient;
        squares += gradient * gradient;
        whole += rest * rest;
    });
    const double share = squares > 0 ? product / squares : std::numeric_limits<double>::quiet_NaN();
    double missed = 0;
    each([&](double rest, double gradient) { missed += std::pow(rest - share * gradient, 2); });
    return {{}, {}, {share}, whole > 0 ? std::sqrt(missed / whole) : 0, {}};
}

}  // namespace

void add_left_over(Evidence& evidence, const Trace& candidate) {
    for (const WindowEvidence& judged : evidence.windows)
        if (judged.step == 2) return;  // its own gradient says it
    WindowEvidence window;
    window.step = window.window = 2;
    for (std::size_t rank = 0; rank < candidate.ranks.size(); ++rank) {
        const std::vector<Step>& steps = candidate.ranks[rank];
        if (steps.size() < 2 || !steps[1].number || steps[1].left_over.value_or(0) == 0) continue;
        window.recovered.push_back(share_of(steps[1].tensors, steps[0].tensors));
        window.recovered.back().ranks = {static_cast<int>(rank)};
    }
    if (window.recovered.empty()) return;
    window.layout = layout_of(candidate, 1);
    // An accumulator is a copy: only a clip in between, which the first window's norm tells, leaves another share.
    window.layout.norm = layout_of(candidate, 0).norm;
    window.weight_tolerance = 1e-5;  // sums of fp32 numbers in fp64: those of weights in fp32 are no better
    evidence.windows.push_back(std::move(window));
}

}  // namespace isobatch
