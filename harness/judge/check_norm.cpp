#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "judge/clip_factor.h"
#include "judge/judge.h"

namespace isobatch {

namespace {

/// The norm of all gradients of a step.
double norm_of(const Step& step, const WindowScale& window, int rank) {
    long double squares = 0;
    for (const TensorScale& scale : window.tensors)
        each_block(gradient_of(step, scale, rank), scale.name, [&](std::span<const double> block) {
            for (const double value : block) squares += value * value;
        });
    return static_cast<double>(std::sqrt(squares));
}

/// A sum of n squares, added in any order, is off by at most n + 1 roundings, its root by half of that; then come the
/// root itself, the norm of the tensors' norms, and the quotient. Every term is positive, so nothing cancels. A square
/// below the smallest normal number may be lost whole, so that n of them hide a norm of √n times its root. The bound is
/// the worst case: in fp32 it is wide for tensors of millions, where PARAM, which allows nothing, still sees the step.
Tolerance tolerance_of(double value, Recipe recipe, const WindowScale& window) {
    std::size_t longest = 0, all = 0;
    for (const TensorScale& scale : window.tensors) {
        longest = std::max(longest, scale.truth.count());
        all += scale.truth.count();
    }
    const double roundings = 0.5 * static_cast<double>(longest + window.tensors.size()) + 6;
    const double smallest =
        recipe == Recipe::fp64 ? std::numeric_limits<double>::min() : std::numeric_limits<float>::min();
    return {std::sqrt(static_cast<double>(all) * smallest), unit_roundoff(recipe), value * roundings, 1};
}

/// `clipped at 0.5`
std::string clipped(const std::optional<double>& threshold) {
    return threshold ? fmt::format("clipped at {}", *threshold) : "not clipped";
}

}  // namespace

CheckResult check_norm(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    CheckResult result{.check = Check::norm};
    each_judged(yardstick, candidate, alignment, [&](std::size_t k, int rank, const WindowScale& window) {
        const Step& step = candidate.ranks[static_cast<std::size_t>(rank)][k];
        const Place place{static_cast<std::int64_t>(k + 1), rank, "", -1};
        const auto red = [&](std::string message) {
            if (result.outcome < Outcome::divergent) {
                result.first = place;
                result.message = std::move(message);
            }
            result.outcome = Outcome::divergent;
        };
        if (step.clip_threshold != window.clip_threshold) {
            result.worst = place;
            result.margin = std::numeric_limits<double>::infinity();
            return red(fmt::format("step {} of rank {} is {}, the reference is {}", k + 1, rank,
                                   clipped(step.clip_threshold), clipped(window.clip_threshold)));
        }
        if (!window.clip_threshold) return;
        const double norm = norm_of(step, window, rank);
        const double factor = clip_factor(norm, *window.clip_threshold);
        const auto compare = [&](const char* what, std::optional<double> recorded, std::optional<double> own,
                                 double expected) {
            if (recorded != own) result.outcome = worst(result.outcome, Outcome::equivalent);
            const double distance = recorded ? std::abs(*recorded - expected) : std::numeric_limits<double>::infinity();
            const double observed = std::isnan(distance) ? std::numeric_limits<double>::infinity() : distance;
            const Tolerance tolerance = tolerance_of(expected, yardstick.recipe, window);
            const double margin = margin_of(observed, tolerance);
            if (!(margin <= 1))
                red(fmt::format("step {} of rank {} says {} {}, its gradient has {:.9g}", k + 1, rank, what,
                                recorded ? fmt::format("{:.9g}", *recorded) : "nothing", expected));
            if (result.worst && margin <= result.margin) return;
            result.worst = place;
            result.margin = margin;
            result.observed = observed;
            result.tolerance = tolerance;
        };
        compare("the norm", step.grad_norm, window.grad_norm, norm);
        compare("the clip factor", step.clip_factor, window.clip_factor, factor);
    });
    return result;
}

}  // namespace isobatch
