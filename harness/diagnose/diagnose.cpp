#include "diagnose/diagnose.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/contradiction.h"
#include "diagnose/extent.h"
#include "diagnose/predict.h"
#include "diagnose/recover.h"
#include "diagnose/width.h"
#include "judge/narrow.h"
#include "plan/fault.h"
#include "plan/power.h"

namespace isobatch {

namespace {

/// Where the finding is seen first: in the first divergent trial, the window and gradient that are furthest from right
/// weights.
struct Sight {
    const Record* record = nullptr;
    const WindowEvidence* window = nullptr;
    const Recovered* recovered = nullptr;
};

bool off(const Recovered& recovered, const WindowEvidence& window, Recipe recipe) {
    const auto wrong = [&](double value, double right) { return std::abs(value - right) > window.weight_tolerance; };
    for (std::size_t i = 0; i < recovered.terms.size(); ++i)
        if (std::abs(recovered.terms[i]) > window.terms[i].tolerance) return true;
    for (const std::vector<double>& units : recovered.units)
        if (std::any_of(units.begin(), units.end(), [&](double w) { return wrong(w, 1); })) return true;
    return std::any_of(recovered.weights.begin(), recovered.weights.end(), [&](double w) { return wrong(w, 1); }) ||
           std::any_of(recovered.stale.begin(), recovered.stale.end(), [&](double s) { return wrong(s, 0); }) ||
           !(recovered.residual <= residual_limit(recipe));
}

std::vector<const Record*> divergent_of(std::span<const Record> matrix) {
    std::vector<const Record*> divergent;
    for (const Record& record : matrix)
        if (record.verdict.outcome == Outcome::divergent) divergent.push_back(&record);
    return divergent;
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
    std::vector<double> weights(sight.window->samples.size(), std::numeric_limits<double>::quiet_NaN());
    std::vector<std::vector<double>> units(sight.recovered->units.size());
    if (prediction) {
        weights = weights_as_read(*prediction, *sight.recovered);
        units = units_as_read(*prediction, *sight.recovered);
    }
    for (std::size_t i = 0; i < sight.window->samples.size(); ++i) {
        const MicroCount& micro = micro_of(*sight.window, i);
        lines.push_back({sight.window->samples[i], micro.rank, micro.micro, sight.window->sample_units[i],
                         sight.recovered->weights[i], weights[i]});
        if (units.empty()) continue;
        lines.back().units_recovered = sight.recovered->units[i];
        lines.back().units_predicted = units[i];
    }
    return lines;
}

std::vector<TermLine> term_lines(const Sight& sight, const std::optional<Prediction>& prediction) {
    const std::vector<double>& recovered = sight.recovered->terms;
    const std::vector<double> predicted =
        prediction ? terms_of(*prediction, *sight.window, *sight.recovered)
                   : std::vector<double>(recovered.size(), std::numeric_limits<double>::quiet_NaN());
    std::vector<TermLine> lines;
    for (std::size_t i = 0; i < recovered.size(); ++i)
        lines.push_back({sight.window->terms[i].name, recovered[i], predicted[i]});
    return lines;
}

/// The largest distance of any number that there is from what was predicted of it, or what was known before.
double farther(double worst, const std::vector<double>& recovered, const std::vector<double>& predicted) {
    for (std::size_t i = 0; i < recovered.size(); ++i)
        if (!std::isnan(recovered[i])) worst = std::max(worst, std::abs(recovered[i] - predicted[i]));
    return worst;
}

/// Largest distance between prediction and recovery over the whole matrix.
double worst_error(Cause cause, const Occasion& occasion, const std::vector<const Record*>& divergent) {
    double worst = cause == Cause::unknown || concerns_the_model(cause) ? std::numeric_limits<double>::quiet_NaN() : 0;
    for (const Record* record : divergent)
        for (const WindowEvidence& window : record->evidence.windows)
            for (const Recovered& recovered : window.recovered)
                if (const auto prediction = predict(cause, window, recovered.ranks.front(), occasion)) {
                    if (recovered.units.empty())
                        worst = farther(worst, recovered.weights, weights_as_read(*prediction, recovered));
                    const std::vector<std::vector<double>> units = units_as_read(*prediction, recovered);
                    for (std::size_t i = 0; i < units.size(); ++i) worst = farther(worst, recovered.units[i], units[i]);
                    worst = farther(worst, recovered.terms, terms_of(*prediction, window, recovered));
                }
    return worst;
}

/// Whether it makes a gradient wrong by the weights that are in it, and leaves numbers of all their bits.
bool is_of_weights(Cause cause) {
    return !concerns_bits(cause) && !concerns_the_model(cause) && cause != Cause::empty_micro_counted &&
           find_fault(to_string(cause)).red.front() == Check::grad;
}

/// What would tell causes apart that explain the same.
std::string separated_by(const std::vector<Cause>& causes, const Occasion& occasion) {
    const auto holds = [&](Cause cause) { return std::find(causes.begin(), causes.end(), cause) != causes.end(); };
    if (causes.size() < 2) return {};
    if (occasion.where == Reach::some_parameters && causes.size() == 2 && holds(Cause::missing_accum_division) &&
        holds(Cause::divide_after_backward))
        return "nothing: the loss tells them apart, and in some parameters alone either leaves it right";
    if (causes.size() == 2 && holds(Cause::token_mean_of_means) && holds(Cause::sample_share_on_token_mean))
        return "judge a window whose micro-batches hold different numbers of samples, as the last one of an epoch that "
               "does not divide";
    return "run more splits of the batch together (check: --splits all), on rows of different lengths";
}

/// What the bits say beside the weights, as sentences.
std::string also_seen(const std::vector<const Record*>& divergent, Cause named) {
    std::string text = width_sentences(divergent);
    if (concerns_the_model(named))
        text +=
            fmt::format(" Of one window, a trusted cut in fp64 is {:.2g} u·A from the whole, where rounding leaves {}.",
                        divergent.front()->evidence.coupling, coupling_limit);
    if (named != Cause::unknown) return text;
    for (const Record* record : divergent) {
        const auto red = [](const CheckResult& result) { return result.outcome == Outcome::divergent; };
        const std::vector<CheckResult>& checks = record->verdict.checks;
        const bool by_weights = std::any_of(checks.begin(), checks.end(),
                                            [&](const auto& one) { return one.check == Check::grad && red(one); });
        for (const CheckResult& result : checks)
            if (red(result) && (asked_for(result.check) || !by_weights)) return text + " " + result.message + ".";
    }
    return text;
}

/// A number of micros that only the split promises is told from the window's own where the two differ. Where no full
/// window shows them apart, what explains as much without a second number is what is named.
void keep_the_simpler(Finding& finding, std::span<const Record> matrix) {
    const auto other = std::find(finding.causes.begin(), finding.causes.end(), Cause::nominal_count_dynamic_batching);
    const bool apart = std::any_of(matrix.begin(), matrix.end(), [](const Record& record) {
        const std::vector<WindowEvidence>& windows = record.evidence.windows;
        return std::any_of(windows.begin(), windows.end(), [](const auto& one) { return is_cut_anew(one.layout); });
    });
    if (apart || finding.causes.size() < 2 || other == finding.causes.end()) return;
    Rival rival{*other, "every full window is cut as its split says"};
    for (const Record& record : matrix) rival.explained += !unanswered(record.verdict.outcome);
    finding.rivals.push_back(std::move(rival));
    finding.causes.erase(other);
}

/// The causes that nothing in the matrix contradicts when they act on such an occasion, and what rules out the others.
Finding explained(std::span<const Record> matrix, const std::vector<const Record*>& divergent,
                  const Occasion& occasion) {
    const bool one_device = std::all_of(divergent.begin(), divergent.end(),
                                        [](const Record* record) { return record->trial.split.devices == 1; });
    const bool few_bits = std::any_of(divergent.begin(), divergent.end(), [](const Record* record) {
        return record->evidence.narrow.value_or(0) >= narrow_limit;
    });
    Finding finding;
    finding.occasion = occasion;
    for (const Cause cause : all_causes) {
        if (cause == Cause::unknown) continue;  // named when nothing else is
        Rival rival{cause};
        if (concerns_devices(cause) && one_device) rival.ruled_out_by = "every trial that diverged has one device";
        if (concerns_bits(cause) && !few_bits)
            rival.ruled_out_by = "no gradient that diverged has only the 8 bits of bf16";
        for (const Record& record : matrix) {
            if (unanswered(record.verdict.outcome)) continue;
            const std::string problem = contradiction(cause, record, occasion);
            if (problem.empty()) ++rival.explained;
            if (rival.ruled_out_by.empty()) rival.ruled_out_by = problem;
        }
        if (rival.ruled_out_by.empty())
            finding.causes.push_back(cause);
        else
            finding.rivals.push_back(rival);
    }
    keep_the_simpler(finding, matrix);
    std::stable_sort(finding.rivals.begin(), finding.rivals.end(),
                     [](const Rival& a, const Rival& b) { return a.explained > b.explained; });
    return finding;
}

/// On the simplest occasion on which any cause explains everything; what is said of unknown ones is what rules them out
/// always.
Finding explained(std::span<const Record> matrix, const std::vector<const Record*>& divergent) {
    Finding always;
    for (const Occasion& occasion : all_occasions()) {
        Finding finding = explained(matrix, divergent, occasion);
        if (!finding.causes.empty()) return finding;
        if (occasion == Occasion()) always = std::move(finding);
    }
    return always;
}

/// The matrix as if each window told its samples apart as well as any: a condition bounds what rounding may do to a
/// weight, and mostly it does far less.
std::vector<Record> sharpened(std::span<const Record> matrix) {
    std::vector<Record> sharp(matrix.begin(), matrix.end());
    for (Record& record : sharp)
        for (WindowEvidence& window : record.evidence.windows) {
            const double finest = finest_weight(record.trial.recipe);
            if (!(window.weight_tolerance > finest)) continue;
            for (LossTerm& term : window.terms) term.tolerance *= finest / window.weight_tolerance;
            window.weight_tolerance = finest;
        }
    return sharp;
}

/// What explains the weights as nearly as they are read, if anything does; else what their tolerance lets pass.
Finding nearest(std::span<const Record> matrix) {
    const std::vector<Record> sharp = sharpened(matrix);
    Finding near = explained(sharp, divergent_of(sharp));
    return near.causes.empty() ? explained(matrix, divergent_of(matrix)) : near;
}

}  // namespace

std::vector<Finding> diagnose(std::span<const Record> matrix) {
    const std::vector<const Record*> divergent = divergent_of(matrix);
    if (divergent.empty()) return {};

    Finding finding = nearest(matrix);
    const bool decoded = std::any_of(divergent.begin(), divergent.end(), [](const Record* record) {
        return !record->evidence.missing.empty() ||
               std::any_of(record->evidence.windows.begin(), record->evidence.windows.end(),
                           [](const WindowEvidence& w) { return !w.recovered.empty(); });
    });
    if (!decoded)  // no weight was read, so nothing is named by its weights
        std::erase_if(finding.causes, [](Cause cause) {
            return !concerns_bits(cause) && !concerns_the_model(cause) && cause != Cause::empty_micro_counted;
        });
    const Sight sight = first_sight(divergent);
    if (!sight.window)  // every weight that was read is right, and what is wrong could not be read: no weights explain
                        // it
        std::erase_if(finding.causes, is_of_weights);
    if (std::all_of(divergent.begin(), divergent.end(),
                    [](const Record* record) { return red_where_asked_alone(*record); }))
        finding.causes.clear();  // nothing was read, so nothing is named
    if (finding.causes.empty()) {
        finding.causes = {Cause::unknown};
        finding.occasion = {};
    }

    const Cause named = finding.causes.front();
    finding.summary = meaning(named);
    if (finding.occasion != Occasion())
        finding.summary += fmt::format(" It happens {} only.", meaning(finding.occasion));
    finding.summary += also_seen(divergent, named);
    finding.trial = to_string(sight.record->trial);
    finding.repro = sight.record->repro;
    finding.worst_error = worst_error(named, finding.occasion, divergent);
    if (sight.window) {
        finding.first = {sight.window->step, sight.recovered->ranks.front(), "", -1};
        const auto prediction = predict(named, *sight.window, sight.recovered->ranks.front(), finding.occasion);
        finding.weights = weight_lines(sight, prediction);
        finding.terms = term_lines(sight, prediction);
        finding.stale = sight.recovered->stale;
        finding.summary += parts_sentence(sight.recovered->tensors);
        finding.summary += units_sentence(*sight.recovered, sight.window->weight_tolerance);
        finding.summary += alike_sentence(*sight.recovered, sight.window->samples);
    } else {
        for (const CheckResult& result : sight.record->verdict.checks)
            if (result.outcome == Outcome::divergent && result.first) {
                finding.first = *result.first;
                break;
            }
        for (const WindowEvidence& window : sight.record->evidence.windows)
            if (window.step == finding.first.step) finding.summary += refused_sentence(window);
    }
    finding.separated_by = separated_by(finding.causes, finding.occasion);
    finding.remedy = remedy(named);
    finding.precedent = precedent(named);
    return {finding};
}

}  // namespace isobatch
