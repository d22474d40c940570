#include "diagnose/against_weights.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/recover.h"
#include "judge/tolerance.h"

namespace isobatch {

namespace {

/// `looser` than the window's own tolerances.
std::string against_terms(const Prediction& prediction, const Record& record, const WindowEvidence& window,
                          const Recovered& recovered, double looser) {
    const std::vector<double> predicted = terms_of(prediction, window, recovered);
    for (std::size_t i = 0; i < predicted.size(); ++i)
        if (std::abs(recovered.terms[i] - predicted[i]) > window.terms[i].tolerance * looser)
            return fmt::format("in {} it predicts that {} counts {:g} times too often, recovered {:.4g}",
                               place_of(record, window), printable(window.terms[i].name), predicted[i],
                               recovered.terms[i]);
    if (prediction.terms == 0 ||
        std::any_of(predicted.begin(), predicted.end(), [](double count) { return count != 0; }))
        return {};
    return fmt::format("in {} it predicts a term of the loss {:g} times too often, and none can be read",
                       place_of(record, window), prediction.terms);
}

/// All units of a sample weigh the same, where its weight explains the gradient: in few bits, as nearly as those tell.
std::string against_samples(const Prediction& prediction, const Record& record, const WindowEvidence& window,
                            const Recovered& recovered, double allowed) {
    const std::vector<double> predicted = weights_as_read(prediction, recovered);
    for (std::size_t i = 0; i < recovered.weights.size(); ++i) {
        if (std::isnan(recovered.weights[i])) continue;  // a sample without a gradient has no weight
        if (std::abs(recovered.weights[i] - predicted[i]) <= allowed) continue;
        return fmt::format("in {} it predicts weight {:.4f} for sample {} (rank {}, micro {}), recovered {:.4f}",
                           place_of(record, window), predicted[i], printable(window.samples[i]),
                           micro_of(window, i).rank, micro_of(window, i).micro, recovered.weights[i]);
    }
    for (std::size_t i = 0; i < prediction.first_units.size() && !computes_narrow(record.trial.recipe); ++i)
        if (const double count = prediction.first_units[i]; count > 0 && count < window.sample_units[i])
            return fmt::format("in {} it predicts that {:g} of the {:g} units of sample {} count, and all of them do",
                               place_of(record, window), count, window.sample_units[i], printable(window.samples[i]));
    return {};
}

std::string against_units(const Prediction& prediction, const Record& record, const WindowEvidence& window,
                          const Recovered& recovered, double allowed) {
    const std::vector<std::vector<double>> predicted = units_as_read(prediction, recovered);
    for (std::size_t i = 0; i < predicted.size(); ++i)
        for (std::size_t unit = 0; unit < predicted[i].size(); ++unit)
            if (std::abs(recovered.units[i][unit] - predicted[i][unit]) > allowed)
                return fmt::format(
                    "in {} it predicts weight {:.4f} for unit {} of sample {} (rank {}, micro {}), "
                    "recovered {:.4f}",
                    place_of(record, window), predicted[i][unit], unit + 1, printable(window.samples[i]),
                    micro_of(window, i).rank, micro_of(window, i).micro, recovered.units[i][unit]);
    return {};
}

}  // namespace

std::string place_of(const Record& record, const WindowEvidence& window) {
    return fmt::format("step {} of {}", window.step, to_string(record.trial.split));
}

std::string against_weights(const Prediction& prediction, const Record& record, const WindowEvidence& window,
                            const Recovered& recovered) {
    if (prediction.not_a_number) return {};  // no weight can be read
    const Recipe recipe = prediction.rounded ? Recipe::bf16 : record.trial.recipe;
    const double tolerance = prediction.rounded ? std::min(refuse_above, weight_tolerance(recipe, window.condition))
                                                : window.weight_tolerance;
    if (!(recovered.residual <= residual_limit(recipe)))
        return fmt::format("in {} no weights explain the gradient (residual {:.2g})", place_of(record, window),
                           recovered.residual);
    if (prediction.in_part == recovered.tensors.empty())
        return fmt::format("in {} {} of the parameters are wrong", place_of(record, window),
                           prediction.in_part ? "all" : "only some");
    double largest = std::max(1.0, prediction.terms);  // whose rounding is in every other weight
    for (const double weight : prediction.weights) largest = std::max(largest, std::abs(weight));
    const double allowed = tolerance * largest;
    const auto against = recovered.units.empty() ? against_samples : against_units;
    if (std::string problem = against(prediction, record, window, recovered, allowed); !problem.empty()) return problem;
    for (std::size_t i = 0; i < recovered.stale.size(); ++i) {
        const double stale = recovered.stale[i], predicted = stale_of(prediction, window, recovered.stale.size() - i);
        // Where the norm is clipped, what is left over was clipped too, once for each step since: of the oldest nothing
        // may be seen any more, of the last one something must.
        const bool shrunk = window.layout.norm > 0 && stale < predicted &&
                            stale > (i + 1 < recovered.stale.size() ? -1 : 1) * tolerance;
        if (!shrunk && !(std::abs(stale - predicted) <= tolerance))
            return fmt::format("in {} it predicts {:.4f} of an earlier gradient, recovered {:.4f}",
                               place_of(record, window), predicted, stale);
    }
    return against_terms(prediction, record, window, recovered, allowed / window.weight_tolerance);
}

std::string against_green(const Prediction& prediction, const Record& record, const WindowEvidence& window) {
    for (std::size_t i = 0; i < prediction.weights.size(); ++i)
        if (window.sample_units[i] > 0 && std::abs(prediction.weights[i] - 1) > record.verdict.sensitivity)
            return fmt::format("in {} it predicts weight {:.4f} for sample {}, where the gradient is right",
                               place_of(record, window), prediction.weights[i], printable(window.samples[i]));
    if (stale_of(prediction, window, 1) != 0)
        return fmt::format("in {} it predicts an earlier gradient, where the gradient is right",
                           place_of(record, window));
    if (prediction.terms != 0)
        return fmt::format("in {} it predicts a term of the loss {:g} times too often, where the gradient is right",
                           place_of(record, window), prediction.terms);
    if (prediction.rounded && !computes_narrow(record.trial.recipe))
        return fmt::format("in {} it predicts entries of 8 bits, where the gradient is right",
                           place_of(record, window));
    return {};
}

}  // namespace isobatch
