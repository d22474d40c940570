#include "diagnose/diagnose.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/predict.h"
#include "diagnose/recover.h"
#include "judge/narrow.h"

namespace isobatch {

namespace {

std::string place_of(const Record& record, const WindowEvidence& window) {
    return fmt::format("step {} of {}", window.step, to_string(record.trial.split));
}

const MicroCount& micro_of(const WindowEvidence& window, std::size_t sample) {
    return window.layout.micros[static_cast<std::size_t>(window.micro_of[sample])];
}

/// What one decoded gradient says against a prediction.
std::string against(const Prediction& prediction, const Record& record, const WindowEvidence& window,
                    const Recovered& recovered) {
    const Recipe recipe = prediction.rounded ? Recipe::bf16 : record.trial.recipe;
    const double tolerance = prediction.rounded ? weight_tolerance(recipe, window.condition) : window.weight_tolerance;
    if (!(recovered.residual <= residual_limit(recipe)))
        return fmt::format("in {} no weights explain the gradient (residual {:.2g})", place_of(record, window),
                           recovered.residual);
    if (prediction.in_part == recovered.tensors.empty())
        return fmt::format("in {} {} of the parameters are wrong", place_of(record, window),
                           prediction.in_part ? "all" : "only some");
    for (std::size_t i = 0; i < recovered.weights.size(); ++i) {
        if (std::isnan(recovered.weights[i])) continue;  // a sample without a gradient has no weight
        const double allowed = tolerance * std::max(1.0, std::abs(prediction.weights[i]));
        if (std::abs(recovered.weights[i] - prediction.weights[i]) <= allowed) continue;
        return fmt::format("in {} it predicts weight {:.4f} for sample {} (rank {}, micro {}), recovered {:.4f}",
                           place_of(record, window), prediction.weights[i], printable(window.samples[i]),
                           micro_of(window, i).rank, micro_of(window, i).micro, recovered.weights[i]);
    }
    for (std::size_t i = 0; i < recovered.stale.size(); ++i) {
        const double stale = recovered.stale[i];
        // Where the norm is clipped, what is left over was clipped too, once for each step since: of the oldest nothing
        // may be seen any more, of the last one something must.
        const bool shrunk = window.layout.norm > 0 && stale < prediction.stale &&
                            stale > (i + 1 < recovered.stale.size() ? -1 : 1) * tolerance;
        if (!shrunk && !(std::abs(stale - prediction.stale) <= tolerance))
            return fmt::format("in {} it predicts {:.4f} of an earlier gradient, recovered {:.4f}",
                               place_of(record, window), prediction.stale, stale);
    }
    return {};
}

/// An equivalent window speaks too: a cause that would have moved it beyond the verdict's sensitivity is excluded.
std::string against_green(const Prediction& prediction, const Record& record, const WindowEvidence& window) {
    for (std::size_t i = 0; i < prediction.weights.size(); ++i)
        if (window.sample_units[i] > 0 && std::abs(prediction.weights[i] - 1) > record.verdict.sensitivity)
            return fmt::format("in {} it predicts weight {:.4f} for sample {}, where the gradient is right",
                               place_of(record, window), prediction.weights[i], printable(window.samples[i]));
    if (prediction.stale != 0 && window.window > 1)
        return fmt::format("in {} it predicts an earlier gradient, where the gradient is right",
                           place_of(record, window));
    if (prediction.rounded && !computes_narrow(record.trial.recipe))
        return fmt::format("in {} it predicts entries of 8 bits, where the gradient is right",
                           place_of(record, window));
    return {};
}

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

/// What made a trial red must change something in it: the gradient where that is red, and otherwise anything.
std::string against_red(Cause cause, const Record& record) {
    const auto& [windows, missing, ragged, strangers, narrow] = record.evidence;
    const bool moves = std::any_of(windows.begin(), windows.end(), [&](const WindowEvidence& window) {
        for (int rank = 0; rank < window.layout.mesh.ranks(); ++rank) {
            const Prediction prediction = predict(cause, window, rank).value_or(Prediction{});
            if (prediction.rounded || (prediction.stale != 0 && window.window > 1) ||
                std::any_of(prediction.weights.begin(), prediction.weights.end(), [](double w) { return w != 1; }))
                return true;
        }
        return false;
    });
    const auto& checks = record.verdict.checks;
    const bool gradient = std::any_of(checks.begin(), checks.end(), [](const CheckResult& result) {
        return result.check == Check::grad && result.outcome == Outcome::divergent;
    });
    const auto red = [&](bool in_update) {
        return std::any_of(checks.begin(), checks.end(), [&](const CheckResult& result) {
            return result.outcome == Outcome::divergent && (result.check >= Check::norm) == in_update;
        });
    };
    if (red(true) && !red(false)) return fmt::format("in {} only the update is wrong", to_string(record.trial.split));
    if (moves || (!gradient && !missing.empty())) return {};
    return fmt::format("{} is divergent, and it changes {} there", to_string(record.trial.split),
                       gradient ? "no gradient" : "nothing");
}

bool green(const Record& record) {
    return record.verdict.outcome <= Outcome::equivalent;
}

/// Where the finding is seen first: in the first divergent trial, the window and gradient that are furthest from right
/// weights.
struct Sight {
    const Record* record = nullptr;
    const WindowEvidence* window = nullptr;
    const Recovered* recovered = nullptr;
};

bool off(const Recovered& recovered, const WindowEvidence& window, Recipe recipe) {
    const auto wrong = [&](double value, double right) { return std::abs(value - right) > window.weight_tolerance; };
    return std::any_of(recovered.weights.begin(), recovered.weights.end(), [&](double w) { return wrong(w, 1); }) ||
           std::any_of(recovered.stale.begin(), recovered.stale.end(), [&](double s) { return wrong(s, 0); }) ||
           !(recovered.residual <= residual_limit(recipe));
}

Sight first_sight(const std::vector<const Record*>& divergent) {
    for (const Record* record : divergent)
        for (const WindowEvidence& window : record->evidence.windows)
            for (const Recovered& recovered : window.recovered)
                if (off(recovered, window, record->trial.recipe)) return {record, &window, &recovered};
    return {divergent.front(), nullptr, nullptr};
}

std::vector<WeightLine> weight_lines(const Sight& sight, const std::optional<Prediction>& prediction) {
    std::vector<WeightLine> lines;
    for (std::size_t i = 0; sight.recovered && i < sight.window->samples.size(); ++i) {
        const MicroCount& micro = micro_of(*sight.window, i);
        lines.push_back({sight.window->samples[i], micro.rank, micro.micro, sight.window->sample_units[i],
                         sight.recovered->weights[i],
                         prediction ? prediction->weights[i] : std::numeric_limits<double>::quiet_NaN()});
    }
    return lines;
}

/// Largest distance between prediction and recovery over the whole matrix.
double worst_error(Cause cause, const std::vector<const Record*>& divergent) {
    double worst = cause == Cause::unknown ? std::numeric_limits<double>::quiet_NaN() : 0;
    for (const Record* record : divergent)
        for (const WindowEvidence& window : record->evidence.windows)
            for (const Recovered& recovered : window.recovered)
                if (const auto prediction = predict(cause, window, recovered.ranks.front()))
                    for (std::size_t i = 0; i < recovered.weights.size(); ++i)
                        if (!std::isnan(recovered.weights[i]))
                            worst = std::max(worst, std::abs(recovered.weights[i] - prediction->weights[i]));
    return worst;
}

}  // namespace

std::string contradiction(Cause cause, const Record& record) {
    if (cause == Cause::unknown) return "it predicts nothing";
    if (!explains_ledger(cause, record.evidence))
        return cause == Cause::epoch_tail_dropped
                   ? fmt::format("{} misses {} windows, {} are ragged", to_string(record.trial.split),
                                 record.evidence.missing.size(), record.evidence.ragged.size())
                   : fmt::format("{} does not hold the promised samples in every window",
                                 to_string(record.trial.split));
    std::string bits = concerns_bits(cause) ? against_bits(cause, record) : std::string();
    if (!bits.empty()) return bits;
    for (const WindowEvidence& window : record.evidence.windows) {
        std::string problem;
        for (int rank = 0; green(record) && rank < window.layout.mesh.ranks() && problem.empty(); ++rank)
            problem = against_green(predict(cause, window, rank).value(), record, window);
        for (const Recovered& recovered : window.recovered)
            for (const int rank : recovered.ranks)
                if (problem.empty()) problem = against(predict(cause, window, rank).value(), record, window, recovered);
        if (!problem.empty()) return problem;
    }
    return record.verdict.outcome == Outcome::divergent ? against_red(cause, record) : std::string();
}

std::vector<Finding> diagnose(std::span<const Record> matrix) {
    std::vector<const Record*> divergent;
    for (const Record& record : matrix)
        if (record.verdict.outcome == Outcome::divergent) divergent.push_back(&record);
    if (divergent.empty()) return {};

    const bool one_device = std::all_of(divergent.begin(), divergent.end(),
                                        [](const Record* record) { return record->trial.split.devices == 1; });
    const bool few_bits = std::any_of(divergent.begin(), divergent.end(), [](const Record* record) {
        return record->evidence.narrow.value_or(0) >= narrow_limit;
    });
    Finding finding;
    for (const Cause cause : all_causes) {
        if (cause == Cause::unknown) continue;  // named when nothing else is
        Rival rival{cause};
        if (concerns_devices(cause) && one_device) rival.ruled_out_by = "every trial that diverged has one device";
        if (concerns_bits(cause) && !few_bits)
            rival.ruled_out_by = "no gradient that diverged has only the 8 bits of bf16";
        for (const Record& record : matrix) {
            if (record.verdict.outcome == Outcome::crashed) continue;
            const std::string problem = contradiction(cause, record);
            if (problem.empty()) ++rival.explained;
            if (rival.ruled_out_by.empty()) rival.ruled_out_by = problem;
        }
        if (rival.ruled_out_by.empty())
            finding.causes.push_back(cause);
        else
            finding.rivals.push_back(rival);
    }
    std::stable_sort(finding.rivals.begin(), finding.rivals.end(),
                     [](const Rival& a, const Rival& b) { return a.explained > b.explained; });
    const bool decoded = std::any_of(divergent.begin(), divergent.end(), [](const Record* record) {
        return !record->evidence.missing.empty() ||
               std::any_of(record->evidence.windows.begin(), record->evidence.windows.end(),
                           [](const WindowEvidence& w) { return !w.recovered.empty(); });
    });
    if (!decoded)  // no weight was read, so nothing is named by its weights
        std::erase_if(finding.causes, [](Cause cause) { return !concerns_bits(cause); });
    if (finding.causes.empty()) finding.causes = {Cause::unknown};

    const Sight sight = first_sight(divergent);
    const Cause named = finding.causes.front();
    finding.summary = meaning(named);
    finding.trial = to_string(sight.record->trial);
    finding.repro = sight.record->repro;
    finding.worst_error = worst_error(named, divergent);
    if (sight.window) {
        finding.first = {sight.window->step, sight.recovered->ranks.front(), "", -1};
        finding.weights = weight_lines(sight, predict(named, *sight.window, sight.recovered->ranks.front()));
        finding.stale = sight.recovered->stale;
    } else {
        for (const CheckResult& result : sight.record->verdict.checks)
            if (result.outcome == Outcome::divergent && result.first) {
                finding.first = *result.first;
                break;
            }
    }
    if (finding.causes.size() > 1)
        finding.separated_by = "run more splits of the batch together (--splits all), on rows of different lengths";
    finding.remedy = remedy(named);
    finding.precedent = precedent(named);
    return {finding};
}

}  // namespace isobatch
