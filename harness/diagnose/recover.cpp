#include "diagnose/recover.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "base/check.h"
#include "base/listed.h"
#include "base/text.h"
#include "diagnose/columns.h"
#include "judge/compare.h"
#include "judge/judge.h"

namespace isobatch {

namespace {

double length_of(const std::vector<double>& column) {
    return std::sqrt(std::inner_product(column.begin(), column.end(), column.begin(), 0.0));
}

bool same_gradients(const Step& a, const Step& b, const WindowScale& window) {
    return std::all_of(window.tensors.begin(), window.tensors.end(), [&](const TensorScale& scale) {
        const auto x = a.tensors.find("grad/" + scale.name), y = b.tensors.find("grad/" + scale.name);
        return x != a.tensors.end() && y != b.tensors.end() && identical(x->second, y->second);
    });
}

std::vector<std::size_t> all_of(const WindowScale& scale) {
    std::vector<std::size_t> all(scale.tensors.size());
    std::iota(all.begin(), all.end(), 0);
    return all;
}

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double& unit_weight(Recovered& recovered, const WindowScale& scale, std::size_t sample, std::size_t unit) {
    if (recovered.units.empty())
        for (const double units : scale.sample_units)
            recovered.units.emplace_back(static_cast<std::size_t>(units), nan);
    return recovered.units[sample][unit];
}

/// NaN where none was read.
double mean_of_read(const std::vector<double>& weights) {
    double sum = 0, read = 0;
    for (const double weight : weights)
        if (!std::isnan(weight)) {
            sum += weight;
            ++read;
        }
    return read > 0 ? sum / read : nan;
}

}  // namespace

const WindowScale* scale_of(const Yardstick& yardstick, const WindowEvidence& window) {
    const auto scale = std::find_if(yardstick.windows.begin(), yardstick.windows.end(),
                                    [&](const WindowScale& one) { return one.step == window.window; });
    return scale == yardstick.windows.end() ? nullptr : &*scale;
}

double finest_weight(Recipe recipe) {
    if (computes_narrow(recipe)) return 5e-3;
    return recipe == Recipe::fp64 ? 1e-9 : 1e-5;
}

double weight_tolerance(Recipe recipe, double condition) {
    const double noise = sums_narrow(recipe)       ? 4 * unit_roundoff(recipe)
                         : computes_narrow(recipe) ? 0x1p-9
                                                   : 16 * unit_roundoff(recipe);
    return std::max(finest_weight(recipe), noise * condition);
}

Decoder::Decoder(const Yardstick& yardstick)
    : yardstick_(&yardstick), windows_(yardstick.windows.size()), by_units_(yardstick.windows.size()) {
    for (std::size_t w = 0; w < windows_.size(); ++w)
        if (!yardstick.windows[w].tensors.empty()) windows_[w] = prepare(w, all_of(yardstick.windows[w]));
}

Decoder::Window Decoder::prepare(std::size_t w, std::vector<std::size_t> tensors, Grain grain,
                                 const std::vector<int>& micro_of) const {
    const WindowScale& scale = yardstick_->windows[w];
    Window window{.tensors = std::move(tensors)};
    for (const std::size_t t : window.tensors) {
        const Tolerance& tolerance = scale.tensors[t].tolerance;
        const double noise = tolerance.error + tolerance.unit_roundoff * tolerance.magnitude;
        window.row_scale.push_back(noise > 0 ? 1 / noise : 0);
    }
    SourceColumns all = grain == Grain::unit ? unit_columns(scale, window.tensors, window.row_scale)
                                             : sample_columns(scale, window.tensors, window.row_scale);
    if (grain == Grain::micro) merge_micros(all, micro_of);
    merge_alike(all);
    window.decodable = std::move(all.parts);
    std::vector<std::vector<double>> columns = std::move(all.columns);
    for (std::vector<double>& column : stale_columns(*yardstick_, w, window.tensors, window.row_scale)) {
        columns.push_back(std::move(column));
        ++window.stale;
    }
    std::vector<std::vector<double>> with_terms = scale.terms.empty() ? std::vector<std::vector<double>>() : columns;
    double longest = 0;  // a short column beside long ones would make the condition worse, and nothing less certain
    for (const std::vector<double>& column : with_terms) longest = std::max(longest, length_of(column));
    std::size_t term = 0;
    for (const auto& [name, parts] : scale.terms) {
        std::vector<double> column = term_column(scale, parts, window.tensors, window.row_scale);
        if (const double length = length_of(column); length > 0) {
            window.terms.push_back({term, longest / length});
            for (double& value : column) value *= longest / length;
            with_terms.push_back(std::move(column));
        }
        ++term;
    }
    if (!window.terms.empty()) factor(scale, std::move(with_terms), window);
    if (window.terms.empty() || !window.refused.empty()) {  // a term that nothing tells from the samples stays theirs
        window.terms.clear();
        factor(scale, std::move(columns), window);
    }
    return window;
}

void Decoder::factor(const WindowScale& scale, std::vector<std::vector<double>> columns, Window& window) const {
    window.refused.clear();
    if (scale.unexplained > 0) {
        window.refused = fmt::format("no weights of the samples' gradients give the reference's (residual {:.2g})",
                                     scale.unexplained);
    } else if (window.decodable.empty()) {
        window.refused = "no sample of the window has a gradient";
    } else if (columns[0].size() < columns.size()) {
        window.refused = fmt::format("{} parameters cannot tell {} samples and earlier gradients apart",
                                     columns[0].size(), columns.size());
    } else {
        window.system.emplace(std::move(columns));
        window.weight_tolerance = weight_tolerance(yardstick_->recipe, window.system->condition());
        if (!(window.weight_tolerance <= refuse_above))
            window.refused = fmt::format(
                "the samples' gradients are too alike (condition {:.2g}): a weight would be uncertain by {:.2g}",
                window.system->condition(), window.weight_tolerance);
    }
}

std::optional<Decoder::Window> Decoder::by_micros(std::size_t w, const Window& fine,
                                                  const WindowEvidence& evidence) const {
    if (fine.refused.empty()) return std::nullopt;
    Window window = prepare(w, fine.tensors, Grain::micro, evidence.micro_of);
    if (!window.refused.empty()) return std::nullopt;
    window.by_micros = fine.refused;
    return window;
}

std::optional<Recovered> Decoder::solve_in_part(std::size_t w, const Step& step, int rank,
                                                WindowEvidence& evidence) const {
    const WindowScale& scale = yardstick_->windows[w];
    std::vector<std::size_t> wrong;
    std::vector<std::string> names;
    for (std::size_t t = 0; t < scale.tensors.size(); ++t) {
        const TensorScale& tensor = scale.tensors[t];
        if (compare(gradient_of(step, tensor, rank), tensor.truth, tensor.tolerance.allowed()).over == 0) continue;
        wrong.push_back(t);
        names.push_back(scale.tensors[t].name);
    }
    if (wrong.empty() || wrong.size() == scale.tensors.size()) return std::nullopt;
    Window window = prepare(w, std::move(wrong));
    if (std::optional<Window> coarse = by_micros(w, window, evidence)) window = std::move(*coarse);
    if (!window.refused.empty()) {
        evidence.refused = fmt::format("in {}, which alone {} wrong, {}", printable(listed(names)),
                                       names.size() == 1 ? "is" : "are", window.refused);
        return std::nullopt;
    }
    Recovered recovered = solve(w, window, step, rank);
    if (!explained(recovered)) return std::nullopt;
    recovered.tensors = std::move(names);
    loosen(window, evidence);
    return recovered;
}

std::optional<Recovered> Decoder::solve_by_units(std::size_t w, const Step& step, int rank, WindowEvidence& evidence) {
    const WindowScale& scale = yardstick_->windows[w];
    if (scale.unit_shares.empty()) return std::nullopt;
    std::optional<Window>& window = by_units_[w];
    if (!window) window = prepare(w, all_of(scale), Grain::unit);
    if (!window->refused.empty()) return std::nullopt;
    Recovered recovered = solve(w, *window, step, rank);
    if (!explained(recovered)) return std::nullopt;
    loosen(*window, evidence);
    return recovered;
}

bool Decoder::explained(const Recovered& recovered) const {
    return recovered.residual <= residual_limit(yardstick_->recipe);
}

Recovered Decoder::solve(std::size_t w, const Window& window, const Step& step, int rank) const {
    const WindowScale& scale = yardstick_->windows[w];
    std::vector<double> gradient;
    for (std::size_t k = 0; k < window.tensors.size(); ++k)
        append(gradient, gradient_of(step, scale.tensors[window.tensors[k]], rank), window.row_scale[k]);
    Recovered recovered;
    recovered.by_micros = window.by_micros;
    recovered.weights.assign(scale.samples.size(), nan);
    recovered.terms.assign(scale.terms.size(), nan);
    const auto infinite =
        std::find_if(gradient.begin(), gradient.end(), [](double value) { return !std::isfinite(value); });
    if (infinite != gradient.end()) {  // no weights explain a gradient that is not a number
        recovered.residual = std::numeric_limits<double>::infinity();
        recovered.stale.assign(window.stale, nan);
        return recovered;
    }
    const LeastSquares::Solution solution = window.system->solve(std::move(gradient));
    for (std::size_t k = 0; k < window.decodable.size(); ++k) {
        for (const auto& [sample, unit] : window.decodable[k])
            (unit ? unit_weight(recovered, scale, sample, *unit) : recovered.weights[sample]) = solution.weights[k];
        if (window.decodable[k].size() > 1) recovered.alike.push_back(window.decodable[k]);
    }
    for (std::size_t i = 0; i < recovered.units.size(); ++i) recovered.weights[i] = mean_of_read(recovered.units[i]);
    const auto stale = solution.weights.begin() + static_cast<std::ptrdiff_t>(window.decodable.size());
    const auto terms = stale + static_cast<std::ptrdiff_t>(window.stale);
    recovered.stale.assign(stale, terms);
    for (std::size_t k = 0; k < window.terms.size(); ++k)
        recovered.terms[window.terms[k].term] = terms[static_cast<std::ptrdiff_t>(k)] * window.terms[k].scale;
    recovered.residual = solution.residual;
    return recovered;
}

void Decoder::loosen(const Window& window, WindowEvidence& evidence) {
    evidence.weight_tolerance = std::max(evidence.weight_tolerance, window.weight_tolerance);
    for (const TermColumn& column : window.terms) {
        double& tolerance = evidence.terms[column.term].tolerance;
        tolerance = std::max(tolerance, window.weight_tolerance * column.scale);
    }
}

Recovered Decoder::weights_of(std::size_t w, const Window& whole, const Step& step, int rank,
                              WindowEvidence& evidence) {
    Recovered found = solve(w, whole, step, rank);
    if (explained(found) || std::isinf(found.residual)) return found;
    if (const auto in_part = solve_in_part(w, step, rank, evidence)) return *in_part;
    if (const auto by_units = solve_by_units(w, step, rank, evidence)) {
        evidence.refused.clear();
        return *by_units;
    }
    return found;
}

void Decoder::recover(Evidence& evidence, const Trace& candidate) {
    for (WindowEvidence& window : evidence.windows) {
        const auto k = static_cast<std::size_t>(window.step - 1);
        const WindowScale* scale = scale_of(*yardstick_, window);
        const auto w = static_cast<std::size_t>(scale - yardstick_->windows.data());
        const std::optional<Window> coarse = by_micros(w, *windows_[w], window);
        const Window& whole = coarse ? *coarse : *windows_[w];
        loosen(whole, window);
        window.refused = whole.refused;
        if (whole.system) window.condition = whole.system->condition();
        for (std::size_t rank = 0; window.refused.empty() && rank < candidate.ranks.size(); ++rank) {
            if (k >= candidate.ranks[rank].size()) continue;
            const Step& step = candidate.ranks[rank][k];
            auto entry = std::find_if(window.recovered.begin(), window.recovered.end(), [&](const Recovered& known) {
                return same_gradients(candidate.ranks[static_cast<std::size_t>(known.ranks[0])][k], step, *scale);
            });
            const int r = static_cast<int>(rank);
            if (entry == window.recovered.end())
                entry = window.recovered.insert(entry, weights_of(w, whole, step, r, window));
            entry->ranks.push_back(r);
        }
        if (!window.refused.empty()) window.recovered.clear();
    }
}

}  // namespace isobatch
