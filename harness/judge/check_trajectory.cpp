#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "judge/judge.h"
#include "judge/step_losses.h"
#include "plan/trial.h"

namespace isobatch {

namespace {

/// A run that follows nothing may be so many times further from the reference's than the furthest of the trusted ones:
/// it is one more sample of what rounding does. Clean trials of lesson, mlp, gpt and batch-norm in five recipes used at
/// most 0.06 of what that allows (tests/run/trajectory_test.cpp prints it).
constexpr double envelope_factor = 16;

/// Where trusted runs are apart by more than this share of all that the loss moves by, or were less than 2^-10 as far
/// apart ten steps before, rounding grows: nothing is said from there on.
constexpr double void_share = 1e-3;
constexpr std::size_t growth_steps = 10;

/// How far trusted runs were from the reference up to each window, as long as that means anything.
struct Envelope {
    std::vector<double> spread;
    std::string ended;  ///< why it does not reach the last window
};

Envelope envelope_of(const Yardstick& yardstick, double roundoff) {
    Envelope envelope;
    const std::vector<WindowScale>& windows = yardstick.windows;
    double moved = 0, spread = 0;
    for (const WindowScale& window : windows)
        moved = std::max(moved, std::abs(window.loss.value_or(0) - windows[0].loss.value_or(0)));
    for (std::size_t w = 0; w < windows.size(); ++w) {
        const auto end = [&](const std::string& why) {
            envelope.ended = fmt::format("void from step {}: {}", w + 1, why);
            return envelope;
        };
        if (!windows[w].loss || !std::isfinite(*windows[w].loss) || windows[w].free_losses.empty())
            return end("the reference holds no losses of trusted runs there");
        for (const double loss : windows[w].free_losses) {
            if (!std::isfinite(loss)) return end("a trusted run's loss is no number");
            spread = std::max(spread, std::abs(loss - *windows[w].loss));
        }
        const double rounding = roundoff * std::abs(*windows[w].loss);
        if (!(spread <= std::max(void_share * moved, rounding)))
            return end(fmt::format("trusted runs are {:.2g} apart, where all that the loss moves by is {:.2g}", spread,
                                   moved));
        if (w >= growth_steps &&
            spread > std::ldexp(std::max(envelope.spread[w - growth_steps], rounding), growth_steps))
            return end(
                fmt::format("trusted runs have come apart by more than a factor of 2 a step, to {:.2g}", spread));
        envelope.spread.push_back(spread);
    }
    return envelope;
}

/// Nothing where it was not recorded, or more than one was.
std::optional<double> free_loss(const Step& step) {
    return step.free_losses.size() == 1 ? std::optional(step.free_losses[0]) : std::nullopt;
}

/// Whether a loss was compared.
bool fold(CheckResult& result, const std::optional<double>& loss, double expected, const Tolerance& tolerance,
          const Place& place) {
    if (!loss) {  // never a silent pass
        note_step(result, Outcome::inconclusive, place,
                  fmt::format("the loss of step {} in a run of its own was not recorded on every rank", place.step));
        return false;
    }
    fold_loss(result, place, *loss, expected, expected, tolerance, [&](double observed) {
        return fmt::format(
            "in a run of its own step {} has loss {:.17g}, that of the reference {:.17g}: {:.2g} apart, where {:.2g} "
            "is "
            "allowed",
            place.step, *loss, expected, observed, tolerance.allowed());
    });
    return true;
}

}  // namespace

std::set<std::size_t> add_trajectory(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment,
                                     Verdict& verdict) {
    std::set<std::size_t> compared;
    if (candidate.manifest.trial.find(" --trajectory ") == std::string::npos) return compared;
    CheckResult result{.check = Check::trajectory};
    const Bound bound = bound_of(yardstick.recipe);
    const Envelope envelope = envelope_of(yardstick, bound.unit_roundoff);
    const int copies = candidate.manifest.mesh().copies;
    for (std::size_t k = 0; k < alignment.window.size(); ++k) {
        if (!alignment.window[k]) continue;
        const std::size_t w = *alignment.window[k];
        for (int copy = 0; copy < copies; ++copy) {
            const Place place{static_cast<std::int64_t>(k + 1), copy, "", -1};
            const std::optional<double> loss = mean_over_places(candidate, copy, k, free_loss);
            if (copy == 0) result.losses.push_back({place.step, loss, std::nullopt, 0});
            if (w >= envelope.spread.size()) continue;
            const double expected = *yardstick.windows[w].loss;
            const Tolerance tolerance{envelope.spread[w] * envelope_factor / bound.fail, bound.unit_roundoff,
                                      std::abs(expected), bound.fail};
            if (copy == 0) result.losses.back() = {place.step, loss, expected, tolerance.allowed()};
            if (fold(result, loss, expected, tolerance, place) && w > 0) compared.insert(k);
        }
    }
    if (result.outcome <= Outcome::equivalent && compared.empty()) {
        result.outcome = Outcome::inconclusive;
        result.first = Place{};  // the whole run
        result.message = "no step after the first could be compared";
    }
    if (result.outcome <= Outcome::inconclusive && !envelope.ended.empty())
        result.message += (result.message.empty() ? "" : "; ") + envelope.ended;
    verdict.checks.push_back(std::move(result));
    return compared;
}

}  // namespace isobatch
