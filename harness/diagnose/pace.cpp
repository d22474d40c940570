#include "diagnose/pace.h"

#include <algorithm>

#include <fmt/format.h>

namespace isobatch {

namespace {

std::string place_of(const Record& record, const Pace& pace) {
    return fmt::format("in window {} of {}", pace.window, to_string(record.trial.split));
}

/// Spread over more steps, a rate that falls is the same in the first window and larger in every other.
std::string against_horizon(const Record& record) {
    for (const WindowEvidence& window : record.evidence.windows)
        if ((window.lr_ratio > 1) != (window.window > 1))
            return fmt::format("in step {} of {} the learning rate is {:.4g} times the right one", window.step,
                               to_string(record.trial.split), window.lr_ratio);
    bool later = record.evidence.paces.empty();  // every window of our own loop's that counts is judged
    for (const Pace& pace : record.evidence.paces) {
        const bool first = pace.window == record.evidence.paces[0].window;
        later |= !first && pace.lr_ratio > 1;
        if ((pace.lr_ratio > 1) == first || pace.lr_ratio < 1)
            return fmt::format("{} the learning rate is {:.4g} times the right one", place_of(record, pace),
                               pace.lr_ratio);
    }
    return later ? std::string()
                 : fmt::format("no later window of {} shows its learning rate", to_string(record.trial.split));
}

/// An update more after each window that leaves the loop a turn without a sample.
std::string against_extra_steps(const Record& record) {
    std::int64_t most = 0;
    for (const Pace& pace : record.evidence.paces) {
        const auto& unfilled = record.evidence.unfilled;
        const auto more =
            std::count_if(unfilled.begin(), unfilled.end(), [&](std::int64_t window) { return window < pace.window; });
        most = std::max(most, more);
        if (pace.ahead != more)
            return fmt::format("{} it predicts {} updates too many, seen {}", place_of(record, pace), more, pace.ahead);
    }
    return most > 0 ? std::string()
                    : fmt::format("no window of {} comes after one that it ends twice", to_string(record.trial.split));
}

}  // namespace

double lr_ratio(const Step& step, const WindowScale& window) {
    return step.lr.empty() || window.lr.empty() || window.lr[0] == 0 ? 1 : step.lr[0] / window.lr[0];
}

std::vector<Pace> paces_of(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    std::vector<Pace> paces;
    for (std::size_t k = 0; k < alignment.window.size() && k < candidate.ranks[0].size(); ++k) {
        if (!alignment.window[k]) continue;
        const WindowScale& window = yardstick.windows[*alignment.window[k]];
        const Step& step = candidate.ranks[0][k];
        paces.push_back(
            {window.step, lr_ratio(step, window), step.counters.optimizer_steps - window.counters.optimizer_steps});
    }
    return paces;
}

std::int64_t turns_of(const Trace& candidate, std::size_t k, const WindowScale& window, std::int64_t Counters::*count) {
    if (k >= candidate.ranks[0].size()) return 1;
    const std::int64_t own = candidate.ranks[0][k].counters.*count, right = window.counters.*count;
    if (own == right || own == right * candidate.manifest.split.devices) return 1;  // as judge/check_outside
    return std::max<std::int64_t>(0, own - right + static_cast<std::int64_t>(window.micros));
}

std::string against_paces(Cause cause, const Record& record) {
    const bool ours = record.evidence.paces.empty();
    if (record.verdict.outcome <= Outcome::equivalent || (ours && cause != Cause::schedule_horizon)) return {};
    switch (cause) {
        case Cause::schedule_horizon:
            return against_horizon(record);
        case Cause::epoch_tail_extra_step:
            return against_extra_steps(record);
        case Cause::step_lost_grads_wiped:
            return record.evidence.paces.back().ahead < 0
                       ? std::string()
                       : fmt::format("no update is lost in {}", to_string(record.trial.split));
        default:
            return {};
    }
}

}  // namespace isobatch
