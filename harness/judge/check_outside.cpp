#include "judge/check_outside.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "judge/stream.h"

namespace isobatch {

namespace {

void red(CheckResult& result, Place place, std::string message) {
    if (result.outcome == Outcome::divergent) return;
    result.outcome = Outcome::divergent;
    result.first = result.worst = std::move(place);
    result.message = std::move(message);
}

Place place_of(std::size_t k, std::size_t rank = 0) {
    return {static_cast<std::int64_t>(k + 1), static_cast<int>(rank), "", -1};
}

std::size_t most_of_one(const std::vector<std::string>& samples) {
    std::map<std::string, std::size_t> uses;
    std::size_t most = 0;
    for (const std::string& sample : samples) most = std::max(most, ++uses[sample]);
    return most;
}

/// The first step that holds a sample more often than any window of the reference holds one.
std::optional<std::size_t> doubled(const Yardstick& yardstick, const Alignment& alignment) {
    std::size_t most = 1;
    for (const WindowScale& window : yardstick.windows) most = std::max(most, most_of_one(window.samples));
    for (const std::size_t k : alignment.strangers)
        if (most_of_one(alignment.samples[k]) > most) return k;
    return std::nullopt;
}

/// `step 3 holds 27 samples, which is no window of the reference: they are of its window 3, 4`
std::string stranger_text(const Yardstick& yardstick, const Stream& stream, std::size_t k, bool ordered) {
    const std::size_t begin = k > 0 ? stream.step_ends[k - 1] : 0, end = stream.step_ends[k];
    const std::vector<std::size_t> ends = window_ends(yardstick);
    std::vector<std::string> of;
    for (std::size_t w = 0; ordered && w < ends.size(); ++w)
        if (begin < ends[w] && (w == 0 || ends[w - 1] < end)) of.push_back(std::to_string(yardstick.windows[w].step));
    return fmt::format("step {} holds {} samples, which is no window of the reference{}", k + 1, end - begin,
                       of.empty() ? "" : ": they are of its window " + joined(of, ", "));
}

/// What step k counts over all ranks; nothing where a part of it was cleared.
std::optional<double> units_of(const Trace& candidate, std::size_t k, double& counted) {
    double sum = 0;
    for (const std::vector<Step>& rank : candidate.ranks) {
        if (k >= rank.size()) continue;
        if (cleared_micros(rank[k]) > 0) return std::nullopt;
        for (const Micro& micro : rank[k].micros) {
            sum += micro.units;
            counted += micro.padded_units;
        }
    }
    return sum;
}

}  // namespace

CheckResult check_outside_data(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    CheckResult result{.check = Check::data};
    std::vector<std::string> parts, missing;
    for (const std::size_t w : alignment.missing) missing.push_back(std::to_string(yardstick.windows[w].step));
    if (!missing.empty())
        parts.push_back("no step holds the samples of the reference's window " + joined(missing, ", "));
    const Stream stream = stream_of(candidate);
    const bool ordered = alignment.strangers.empty() || same_order(yardstick, stream);
    if (!alignment.strangers.empty())
        parts.push_back(stranger_text(yardstick, stream, alignment.strangers[0], ordered));
    if (!parts.empty()) {
        const auto twice = doubled(yardstick, alignment);
        if (twice) parts.push_back(fmt::format("step {} uses a sample more than once", *twice + 1));
        result.outcome = ordered || twice ? Outcome::divergent : Outcome::inconclusive;
        result.first = result.worst = alignment.strangers.empty() ? Place{} : place_of(alignment.strangers[0]);
        // A trainer may order its data by the split: then its windows cannot be compared, which is no bug.
        parts.push_back(ordered ? "the samples come in the reference's order"
                                : "not comparable: make the script's data order independent of the split");
        result.message = joined(parts, "; ");
    }
    for (std::size_t k = 0; k < alignment.window.size(); ++k) {
        if (!alignment.window[k]) continue;
        const WindowScale& window = yardstick.windows[*alignment.window[k]];
        double counted = 0;
        const std::optional<double> units = units_of(candidate, k, counted);
        // Weighted units are sums of as many fp32 numbers as there are targets, each addition rounded once.
        const Tolerance tolerance{0, unit_roundoff(Recipe::fp32), window.units * (1 + counted), 1};
        if (units && !(margin_of(std::abs(*units - window.units), tolerance) <= 1))
            red(result, place_of(k),
                fmt::format("step {} counts {} scored units, the reference {} in the same samples", k + 1, *units,
                            window.units));
    }
    return result;
}

namespace {

/// A sentence when a rank's events break the life cycle of its accumulator in this step.
std::string breach_of(const Step& step, bool own_sums) {
    if (step.left_over && !(*step.left_over <= 0))
        return fmt::format("the accumulator still held up to {:.3g} before the window's first backward",
                           *step.left_over);
    if (step.watched && step.watched->moved)
        return fmt::format("the parameters changed between backward {} and {} of the window, without an optimizer step",
                           *step.watched->moved, *step.watched->moved + 1);
    const std::size_t cleared = cleared_micros(step);
    if (cleared > 0 && !own_sums)
        return fmt::format("the gradients were cleared after {} backward(s) of an unfinished window", cleared);
    int late = 0;
    bool exchanged = false, empty = false, of_nothing = false;
    for (const std::string& event : step.events) {
        const bool backward = event.starts_with("backward");
        // A rank without a sample steps with what the exchange gave it, and no backward follows in its window.
        if (backward && of_nothing && !own_sums)
            return "an update came between the clearing of the gradients and the next backward";
        empty = event == "zero" || (empty && !backward);
        of_nothing |= event == "step" && empty;
        if (backward) ++late;
        if (event != "reduce") continue;
        exchanged = true;
        late = 0;
    }
    if (step.number && exchanged && late > 0)
        return fmt::format("{} backward(s) of the window came after its exchange", late);
    return "";
}

/// How far what an optimizer keeps may be apart that was made of equal gradients: it grows like a low power of them,
/// which rounding moves by less than a thousandth of this (`ci/campaign try` prints how far right ones were apart).
constexpr double follow_tolerance = 0.01;

/// `clipped at 0.5`
std::string clipped_at(const std::optional<double>& threshold) {
    return threshold ? fmt::format("clipped at {}", *threshold) : "not clipped";
}

/// Some optimizers set what they multiply by from what they have seen: after the first update that is rounded
/// otherwise.
bool same_setting(const std::string& own, const std::string& right, bool adapted) {
    if (own == right || !adapted) return own == right;
    char *own_end = nullptr, *right_end = nullptr;
    const double value = std::strtod(own.c_str(), &own_end), expected = std::strtod(right.c_str(), &right_end);
    return *own_end == 0 && *right_end == 0 && std::abs(value - expected) <= follow_tolerance * std::abs(expected);
}

/// A sentence when an optimizer is set to something else than the reference's, group by group.
std::string other_settings(const Step& step, const WindowScale& window) {
    if (!step.watched || !window.watched) return {};
    const auto &own = step.watched->settings, &right = window.watched->settings;
    for (std::size_t group = 0; group < std::min(own.size(), right.size()); ++group) {
        for (const auto& [name, value] : right[group]) {
            const auto found = own[group].find(name);
            if (found == own[group].end() || !same_setting(found->second, value, window.step > 1))
                return fmt::format("{} of parameter group {} is {} in window {}, the reference has {}", printable(name),
                                   group + 1, found == own[group].end() ? "not set" : printable(found->second),
                                   window.step, printable(value));
        }
        for (const auto& [name, value] : own[group])
            if (!right[group].contains(name))
                return fmt::format("{} of parameter group {} is {} in window {}, the reference has none",
                                   printable(name), group + 1, printable(value), window.step);
    }
    return {};
}

/// A sentence when learning rate, updates, clip or schedule are not the reference's at this window.
std::string breach_of(const Step& step, const WindowScale& window, std::int64_t devices) {
    for (std::size_t group = 0; group < std::min(step.lr.size(), window.lr.size()); ++group)
        if (step.lr[group] != window.lr[group])
            return fmt::format("learning rate {} in window {}, the reference has {}", step.lr[group], window.step,
                               window.lr[group]);
    if (step.lr.size() != window.lr.size())
        return fmt::format("{} learning rates, the reference has {}", step.lr.size(), window.lr.size());
    if (step.counters.optimizer_steps != window.counters.optimizer_steps)
        return fmt::format("{} optimizer steps up to window {}, the reference has {}", step.counters.optimizer_steps,
                           window.step, window.counters.optimizer_steps);
    if (std::string other = other_settings(step, window); !other.empty()) return other;
    if (step.clip_threshold != window.clip_threshold)
        return fmt::format("{} in window {}, the reference {}", clipped_at(step.clip_threshold), window.step,
                           clipped_at(window.clip_threshold));
    // Some wrappers step a schedule once for each device, and stretch it as much: then only the rates can tell.
    const std::int64_t steps = step.counters.scheduler_steps, right = window.counters.scheduler_steps;
    if (steps != right && steps != right * devices)
        return fmt::format("{} schedule steps before the update of window {}, the reference has {}", steps, window.step,
                           right);
    if (step.counters.ema_updates != window.counters.ema_updates)
        return fmt::format("{} updates of an average before the update of window {}, the reference has {}",
                           step.counters.ema_updates, window.step, window.counters.ema_updates);
    return "";
}

}  // namespace

bool keeps_own_sums(const Trace& candidate, const CheckResult& grad) {
    return grad.worst && grad.worst->step == 1 && grad.outcome <= Outcome::equivalent &&
           std::any_of(candidate.ranks.begin(), candidate.ranks.end(),
                       [](const auto& rank) { return !rank.empty() && cleared_micros(rank[0]) > 0; });
}

CheckResult check_outside_events(const Trace& candidate, bool own_sums) {
    CheckResult result{.check = Check::events};
    for (std::size_t rank = 0; rank < candidate.ranks.size(); ++rank)
        for (std::size_t k = 0; k < candidate.ranks[rank].size(); ++k)
            if (std::string breach = breach_of(candidate.ranks[rank][k], own_sums); !breach.empty())
                red(result, place_of(k, rank), fmt::format("step {}: {}", k + 1, breach));
    return result;
}

CheckResult check_outside_step(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    CheckResult result{.check = Check::step};
    const Stream stream = stream_of(candidate);
    if (same_order(yardstick, stream))
        for (const Milestone& at : milestones(yardstick, stream))
            if (at.updates != at.window + 1)
                red(result, {},
                    fmt::format("{} updates after the samples of the reference's first {} window(s)", at.updates,
                                at.window + 1));
    for (std::size_t k = 0; k < alignment.window.size(); ++k)
        for (std::size_t rank = 0; alignment.window[k] && rank < candidate.ranks.size(); ++rank) {
            if (k >= candidate.ranks[rank].size()) continue;
            std::string breach = breach_of(candidate.ranks[rank][k], yardstick.windows[*alignment.window[k]],
                                           candidate.manifest.split.devices);
            if (!breach.empty()) red(result, place_of(k, rank), std::move(breach));
        }
    return result;
}

namespace {

/// A sentence when the optimizer holds another state before an update than the reference's.
std::string other_state(const Step& step, const WindowScale& window, bool norms) {
    if (!step.watched || !window.watched) return {};
    const auto &own = step.watched->state, &right = window.watched->state;
    for (const auto& [name, slot] : right) {
        const auto found = own.find(name);
        const std::int64_t parameters = found == own.end() ? 0 : found->second.parameters;
        if (parameters != slot.parameters)
            return fmt::format("{} parameter(s) have state \"{}\" before the update of window {}, the reference's {}",
                               parameters, printable(name), window.step, slot.parameters);
        if (norms && slot.norm && found->second.norm &&
            !(std::abs(*found->second.norm - *slot.norm) <= follow_tolerance * *slot.norm))
            return fmt::format(
                "state \"{}\" has the norm {:.4g} before the update of window {}, the reference's {:.4g}",
                printable(name), *found->second.norm, window.step, *slot.norm);
    }
    for (const auto& [name, slot] : own)
        if (!right.contains(name))
            return fmt::format("{} parameter(s) have state \"{}\" before the update of window {}, the reference's none",
                               slot.parameters, printable(name), window.step);
    return {};
}

}  // namespace

CheckResult check_outside_state(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment,
                                const CheckResult& grad) {
    CheckResult result{.check = Check::opt};
    // What other gradients or other updates leave is another state.
    const bool one_first = grad.worst && grad.outcome <= Outcome::equivalent && !computes_narrow(yardstick.recipe) &&
                           !sums_narrow(yardstick.recipe);
    for (std::size_t k = 0; k < alignment.window.size(); ++k)
        for (std::size_t rank = 0; alignment.window[k] == k && rank < candidate.ranks.size(); ++rank) {
            if (k >= candidate.ranks[rank].size()) continue;
            const WindowScale& window = yardstick.windows[k];
            const Step& first = candidate.ranks[rank][0];
            const bool one_update = one_first && k == 1 && first.lr == yardstick.windows[0].lr &&
                                    first.clip_threshold == yardstick.windows[0].clip_threshold;
            std::string other = other_state(candidate.ranks[rank][k], window, one_update);
            if (!other.empty()) red(result, place_of(k, rank), std::move(other));
        }
    return result;
}

void require_one_gradient(const Trace& candidate, CheckResult& grad) {
    for (std::size_t rank = 1; rank < candidate.ranks.size(); ++rank)
        for (std::size_t k = 0; k < std::min(candidate.ranks[0].size(), candidate.ranks[rank].size()); ++k)
            if (candidate.ranks[rank][k].gradient != candidate.ranks[0][k].gradient)
                red(grad, place_of(k, rank), fmt::format("rank {} steps with another gradient than rank 0", rank));
}

}  // namespace isobatch
