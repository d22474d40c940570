#include "diagnose/contradiction.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/against_weights.h"
#include "diagnose/astray.h"
#include "diagnose/pace.h"
#include "diagnose/predict.h"
#include "diagnose/recover.h"
#include "judge/narrow.h"
#include "judge/tolerance.h"
#include "plan/fault.h"
#include "plan/power.h"

namespace isobatch {

namespace {

/// Sums of few bits are left by one device that keeps its sum so, or by several that send theirs so: what several kept
/// has more bits once it is summed.
std::string against_bits(Cause cause, const Record& record) {
    if (!record.evidence.narrow) return {};
    const bool few = *record.evidence.narrow >= narrow_limit;
    if (few == (record.trial.split.devices > 1 ? cause == Cause::bf16_reduction : cause == Cause::bf16_accumulator))
        return {};
    return fmt::format("in {} {:.4g} % of the gradients' entries have only the 8 bits of bf16",
                       to_string(record.trial.split), 100 * *record.evidence.narrow);
}

bool green(const Record& record) {
    return record.verdict.outcome <= Outcome::equivalent;
}

/// Whether a fault that is the cause's would have changed anything in the judged windows.
bool has_power(const FaultEntry& fault, const Record& record, const Occasion& occasion) {
    Windows layouts;
    for (const WindowEvidence& window : record.evidence.windows) layouts.push_back(window.layout);
    return has_power({&fault, occasion}, layouts);
}

bool is_red(const Record& record, Check check) {
    return std::any_of(record.verdict.checks.begin(), record.verdict.checks.end(), [&](const CheckResult& result) {
        return result.check == check && result.outcome == Outcome::divergent;
    });
}

std::string against_counts(const Prediction& prediction, const Record& record, const WindowEvidence& window) {
    if (window.steps != prediction.steps)
        return fmt::format("in {} it predicts {} optimizer steps, seen {}", place_of(record, window), prediction.steps,
                           window.steps);
    if (window.schedule_steps != prediction.schedule_steps)
        return fmt::format("in {} it predicts {} advances of the schedule, seen {}", place_of(record, window),
                           prediction.schedule_steps, window.schedule_steps);
    if (!prediction.not_a_number && window.counted != prediction.counted.value_or(prediction.steps))
        return fmt::format("in {} it predicts that the optimizer counts {} steps, seen {}", place_of(record, window),
                           prediction.counted.value_or(prediction.steps), window.counted);
    if (window.updating != Updating::right && window.updating != prediction.updating)
        return fmt::format("in {} {}", place_of(record, window), meaning(window.updating));
    if (window.updating == Updating::right && prediction.updating > Updating::altered)
        return fmt::format("in {} it predicts that {}", place_of(record, window), meaning(prediction.updating));
    if (window.averages != prediction.averages)
        return fmt::format("in {} it predicts {} updates of the average, seen {}", place_of(record, window),
                           prediction.averages, window.averages);
    return {};
}

/// A cause that is about the norm says what every step was clipped by. Of the others, what is beside the gradient is
/// compared by its check.
std::string against_clipping(const Prediction& prediction, const Record& record, const WindowEvidence& window) {
    const auto fits = [&](Clipping clipping) {
        return std::find(window.clipping.begin(), window.clipping.end(), clipping) != window.clipping.end();
    };
    if (fits(prediction.clipping)) return {};
    return fmt::format("in {} it predicts a step that is clipped {}, and the recorded norm and factor do not fit that",
                       place_of(record, window), meaning(prediction.clipping));
}

/// The loss that is told is what was optimised, unless the cause is about the report.
std::string against_report(const Prediction& prediction, const Record& record, const WindowEvidence& window) {
    const auto& fitting = window.reporting;
    if (std::find(fitting.begin(), fitting.end(), prediction.reporting) != fitting.end()) return {};
    return fmt::format(
        "in {} it predicts a reported loss that is {}, and the losses of its micro-batches do not fit that",
        place_of(record, window), meaning(prediction.reporting));
}

/// Nothing but a division by zero leaves what is not a number, and only in a window that has one. Of a window that is
/// not judged nobody knows whether it does.
std::string against_numbers(Cause cause, const Record& record, const Occasion& occasion) {
    const auto& windows = record.evidence.windows;
    std::string seen;
    bool predicted = false;
    for (const CheckResult& result : record.verdict.checks) {
        if (result.outcome != Outcome::divergent || !result.first || std::isfinite(result.observed) ||
            (result.check != Check::grad && result.check != Check::loss))
            continue;
        seen = fmt::format("the {} of step {} of {}", to_string(result.check), result.first->step,
                           to_string(record.trial.split));
        predicted |= std::none_of(windows.begin(), windows.end(),
                                  [&](const WindowEvidence& window) { return window.step == result.first->step; });
    }
    for (const WindowEvidence& window : windows)
        predicted |= cause == Cause::empty_micro_counted && predict(cause, window, 0, occasion)->not_a_number;
    predicted &= cause == Cause::empty_micro_counted;
    if (!seen.empty() && !predicted) return seen + " is not a number, and it leaves one";
    if (seen.empty() && predicted)
        return fmt::format("all is numbers in {}, and it leaves some that are none", to_string(record.trial.split));
    return {};
}

/// Whether it gives a sample another weight, one without a gradient or, if `seen`, one with.
bool moves(const Prediction& prediction, const WindowEvidence& window, bool seen) {
    if (prediction.rounded || prediction.not_a_number || prediction.terms != 0 || stale_of(prediction, window, 1) != 0)
        return true;
    for (std::size_t i = 0; i < prediction.weights.size(); ++i)
        if (prediction.weights[i] != 1 && (window.sample_units[i] > 0 || !seen)) return true;
    return false;
}

/// What is red must be what it changes: a gradient that is must have been moved.
std::string against_red(Cause cause, const Record& record, const Occasion& occasion) {
    const std::vector<WindowEvidence>& windows = record.evidence.windows;
    const bool seen = is_red(record, Check::grad);
    for (const WindowEvidence& window : windows)
        for (int rank = 0; rank < window.layout.mesh.ranks(); ++rank)
            if (moves(predict(cause, window, rank, occasion).value_or(Prediction{}), window, seen)) return {};
    if (seen) return fmt::format("{} is divergent, and it changes no gradient there", to_string(record.trial.split));
    const FaultEntry& fault = find_fault(to_string(cause));
    const Check first = fault.red.front();
    if (first == Check::param &&
        std::all_of(windows.begin(), windows.end(), [](const auto& w) { return w.updating == Updating::right; }))
        return fmt::format("{} is divergent, and no update of it is wrong like that", to_string(record.trial.split));
    const bool of_weights = first == Check::grad;  // and of the loss that follows them
    const bool counted = first == Check::step || first == Check::norm || first == Check::opt;
    // Of an outside trainer all rates were compared, also those of windows that nothing else is known of.
    const bool paced = cause == Cause::schedule_horizon && !record.evidence.paces.empty();
    const bool can = !of_weights && (!counted || paced || has_power(fault, record, occasion));
    if (can && std::any_of(fault.red.begin(), fault.red.end(), [&](Check check) { return is_red(record, check); }))
        return {};
    return fmt::format("{} is divergent, and it changes nothing there", to_string(record.trial.split));
}

/// Where nothing is red, a fault of samples, events or counts must not have had power.
std::string against_power(Cause cause, const Record& record, const Occasion& occasion) {
    const FaultEntry& fault = find_fault(to_string(cause));
    const auto asked = [&](const CheckResult& result) { return result.check == fault.red.front(); };
    if (record.trial.subject == "outside" ||  // where a fault may be written in another way
        fault.red.front() == Check::grad ||   // its weights were compared
        std::none_of(record.verdict.checks.begin(), record.verdict.checks.end(), asked))
        return {};
    if (!has_power(fault, record, occasion)) return {};
    return fmt::format("{} is right, and it makes {} wrong there", to_string(record.trial.split),
                       to_string(fault.red.front()));
}

/// Two causes may leave the same weights, and differ in what else they touch: the order of events, the reported loss.
/// What gradients and samples hold is compared elsewhere.
std::string against_checks(Cause cause, const Record& record, const Occasion& occasion) {
    const FaultEntry& fault = find_fault(to_string(cause));
    const std::vector<Check> red_ones = red_checks(fault, occasion);
    const auto lists = [](const std::vector<Check>& checks, Check check) {
        return std::find(checks.begin(), checks.end(), check) != checks.end();
    };
    for (const CheckResult& result : record.verdict.checks) {
        const bool red = result.outcome == Outcome::divergent, expected = lists(red_ones, result.check);
        if (red && !expected && result.check > Check::data && result.check != Check::grad && !asked_for(result.check) &&
            !lists(fault.may, result.check))
            return fmt::format("{} of {} is wrong, and it leaves that right", to_string(result.check),
                               to_string(record.trial.split));
        // A loss that nobody compared has no worst place.
        const bool judged = result.check <= Check::step || (result.check == Check::loss && result.worst);
        if (result.outcome <= Outcome::equivalent && expected && judged && record.verdict.outcome == Outcome::divergent)
            return fmt::format("{} of {} is right, and it makes that wrong", to_string(result.check),
                               to_string(record.trial.split));
    }
    return {};
}

/// That the model is the reason, and no loop.
std::string against_the_model(const Record& record, const Occasion& occasion) {
    if (occasion != Occasion()) return "it does not depend on the window";
    if (!(record.evidence.coupling > coupling_limit)) return "trusted cuts of a window add up";
    for (const CheckResult& result : record.verdict.checks)
        if (result.outcome == Outcome::divergent && result.check != Check::grad && result.check != Check::loss)
            return fmt::format("{} of {} is wrong, and it leaves that right", to_string(result.check),
                               to_string(record.trial.split));
    return {};
}

}  // namespace

bool red_where_asked_alone(const Record& record) {
    bool any = false;
    for (const CheckResult& result : record.verdict.checks) {
        if (result.outcome == Outcome::divergent && !asked_for(result.check)) return false;
        any = any || result.outcome == Outcome::divergent;
    }
    return any;
}

std::string contradiction(Cause cause, const Record& record, const Occasion& occasion) {
    if (cause == Cause::unknown) return "it predicts nothing";
    if (concerns_the_model(cause)) return against_the_model(record, occasion);
    if (record.evidence.coupling > coupling_limit)
        return "trusted cuts of a window do not add up, so no gradient has weights";
    const FaultEntry& fault = find_fault(to_string(cause));
    if (occasion.when != Timing::always && !fault.timed) return "it does not depend on the window";
    if (occasion.where != Reach::everywhere && !fault.touches) return "it does not depend on the micro-batch";
    const Evidence& evidence = record.evidence;
    if (!explains_ledger(cause, evidence))
        return cause == Cause::epoch_tail_dropped
                   ? fmt::format("{} misses {} windows, {} are ragged", to_string(record.trial.split),
                                 evidence.missing.size(), evidence.ragged.size())
                   : fmt::format("{} does not hold the promised samples in every window",
                                 to_string(record.trial.split));
    const std::int64_t tail = record.trial.samples % record.trial.split.effective();
    if (cause == Cause::ragged_rank_streams && !evidence.missing.empty() &&
        (tail % record.trial.split.devices == 0 || (tail >= record.trial.split.devices) == evidence.strays.empty()))
        return fmt::format("in {} the devices have {} samples of the tail", to_string(record.trial.split), tail);
    if (const std::string bits = concerns_bits(cause) ? against_bits(cause, record) : std::string(); !bits.empty())
        return bits;
    if (const std::string none = against_numbers(cause, record, occasion); !none.empty()) return none;
    if (const std::string pace = against_paces(cause, record); !pace.empty()) return pace;
    for (const WindowEvidence& window : evidence.windows) {
        const Prediction prediction = predict(cause, window, 0, occasion).value();  // what no rank sees otherwise
        std::string problem = against_counts(prediction, record, window);
        if (problem.empty() && fault.red.front() == Check::norm) problem = against_clipping(prediction, record, window);
        if (problem.empty()) problem = against_report(prediction, record, window);
        for (int rank = 0; green(record) && rank < window.layout.mesh.ranks() && problem.empty(); ++rank)
            problem = against_green(predict(cause, window, rank, occasion).value(), record, window);
        for (const Recovered& recovered : window.recovered)
            for (const int rank : recovered.ranks)
                if (problem.empty())
                    problem =
                        against_weights(predict(cause, window, rank, occasion).value(), record, window, recovered);
        if (!problem.empty()) return problem;
    }
    if (green(record)) return against_power(cause, record, occasion);
    if (record.verdict.outcome != Outcome::divergent || red_where_asked_alone(record)) return {};
    const std::string problem = against_red(cause, record, occasion);
    return problem.empty() ? against_checks(cause, record, occasion) : problem;
}

}  // namespace isobatch
