#include "diagnose/recover.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "base/check.h"
#include "diagnose/columns.h"
#include "diagnose/pace.h"
#include "diagnose/updating.h"
#include "judge/compare.h"

namespace isobatch {

namespace {

/// Where each sample of the window went: index into the layout's micros, in the reference's order of samples. A sample
/// that was seen twice keeps its first place.
std::vector<int> micros_of(const WindowScale& window, const Trace& candidate, std::size_t k) {
    std::map<std::string, int> place;
    int index = 0;
    const auto copies = static_cast<std::size_t>(candidate.manifest.copies);
    for (std::size_t rank = 0; rank < candidate.ranks.size(); rank += copies) {
        if (k >= candidate.ranks[rank].size()) continue;
        for (const Micro& micro : candidate.ranks[rank][k].micros) {
            for (const std::string& sample : micro.samples) place.emplace(sample, index);
            ++index;
        }
    }
    std::vector<int> micros;
    for (const std::string& sample : window.samples) micros.push_back(place.at(sample));
    return micros;
}

double length_of(const std::vector<double>& column) {
    return std::sqrt(std::inner_product(column.begin(), column.end(), column.begin(), 0.0));
}

/// How often the rank that has it most has this event in step k.
std::int64_t most_events(const Trace& candidate, std::size_t k, const std::string& event) {
    std::int64_t most = 0;
    for (const std::vector<Step>& rank : candidate.ranks)
        if (k < rank.size())
            most = std::max<std::int64_t>(most, std::count(rank[k].events.begin(), rank[k].events.end(), event));
    return most;
}

/// The optimizer's own count after step k, on every rank `right` or that of one where it is not.
std::int64_t counted_steps(const Trace& candidate, std::size_t k, std::int64_t right) {
    std::int64_t counted = right;
    for (const std::vector<Step>& rank : candidate.ranks)
        if (k < rank.size() && !rank[k].micros.empty() && rank[k].counters.counted_steps != right)
            counted = rank[k].counters.counted_steps;
    return counted;
}

bool same_gradients(const Step& a, const Step& b, const WindowScale& window) {
    return std::all_of(window.tensors.begin(), window.tensors.end(), [&](const TensorScale& scale) {
        const auto x = a.tensors.find("grad/" + scale.name), y = b.tensors.find("grad/" + scale.name);
        return x != a.tensors.end() && y != b.tensors.end() && identical(x->second, y->second);
    });
}

bool fills_every_turn(const Yardstick& yardstick, std::int64_t step, const Split& split) {
    for (const WindowScale& window : yardstick.windows)
        if (window.step == step)
            return std::ssize(window.samples) > (split.accum - 1) * split.per_device * split.devices;
    return false;
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

Decoder::Decoder(const Yardstick& yardstick) : yardstick_(&yardstick), windows_(yardstick.windows.size()) {
    for (std::size_t w = 0; w < windows_.size(); ++w) {
        std::vector<std::size_t> all(yardstick.windows[w].tensors.size());
        std::iota(all.begin(), all.end(), 0);
        if (!all.empty()) windows_[w] = prepare(w, std::move(all));
    }
}

Decoder::Window Decoder::prepare(std::size_t w, std::vector<std::size_t> tensors) const {
    const WindowScale& scale = yardstick_->windows[w];
    Window window{.tensors = std::move(tensors)};
    for (const std::size_t t : window.tensors) {
        const Tolerance& tolerance = scale.tensors[t].tolerance;
        const double noise = tolerance.error + tolerance.unit_roundoff * tolerance.magnitude;
        window.row_scale.push_back(noise > 0 ? 1 / noise : 0);
    }
    std::vector<std::vector<double>> columns;
    for (std::size_t i = 0; i < scale.samples.size(); ++i) {
        const bool silent = std::all_of(window.tensors.begin(), window.tensors.end(),
                                        [&](std::size_t t) { return scale.tensors[t].sample_peaks[i] == 0; });
        if (silent) continue;
        window.decodable.push_back(i);
        columns.emplace_back();
        const double factor = scale.share_factors.empty() ? 1 : scale.share_factors[i];
        for (std::size_t k = 0; k < window.tensors.size(); ++k)
            append(columns.back(), scale.shares[i][window.tensors[k]], factor * window.row_scale[k]);
    }
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
    const Window window = prepare(w, std::move(wrong));
    if (!window.refused.empty()) return std::nullopt;
    Recovered recovered = solve(w, window, step, rank);
    if (!(recovered.residual <= residual_limit(yardstick_->recipe))) return std::nullopt;
    recovered.tensors = std::move(names);
    loosen(window, evidence);
    return recovered;
}

Recovered Decoder::solve(std::size_t w, const Window& window, const Step& step, int rank) const {
    const WindowScale& scale = yardstick_->windows[w];
    std::vector<double> gradient;
    for (std::size_t k = 0; k < window.tensors.size(); ++k)
        append(gradient, gradient_of(step, scale.tensors[window.tensors[k]], rank), window.row_scale[k]);
    Recovered recovered;
    recovered.weights.assign(scale.samples.size(), std::numeric_limits<double>::quiet_NaN());
    recovered.terms.assign(scale.terms.size(), std::numeric_limits<double>::quiet_NaN());
    const auto infinite =
        std::find_if(gradient.begin(), gradient.end(), [](double value) { return !std::isfinite(value); });
    if (infinite != gradient.end()) {  // no weights explain a gradient that is not a number
        recovered.residual = std::numeric_limits<double>::infinity();
        recovered.stale.assign(window.stale, std::numeric_limits<double>::quiet_NaN());
        return recovered;
    }
    const LeastSquares::Solution solution = window.system->solve(std::move(gradient));
    for (std::size_t k = 0; k < window.decodable.size(); ++k)
        recovered.weights[window.decodable[k]] = solution.weights[k];
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

void Decoder::recover(Evidence& evidence, const Trace& candidate) const {
    for (WindowEvidence& window : evidence.windows) {
        const auto k = static_cast<std::size_t>(window.step - 1);
        const WindowScale* scale = scale_of(*yardstick_, window);
        const auto w = static_cast<std::size_t>(scale - yardstick_->windows.data());
        loosen(*windows_[w], window);
        window.refused = windows_[w]->refused;
        if (windows_[w]->system) window.condition = windows_[w]->system->condition();
        for (std::size_t rank = 0; window.refused.empty() && rank < candidate.ranks.size(); ++rank) {
            if (k >= candidate.ranks[rank].size()) continue;
            const Step& step = candidate.ranks[rank][k];
            auto entry = std::find_if(window.recovered.begin(), window.recovered.end(), [&](const Recovered& known) {
                return same_gradients(candidate.ranks[static_cast<std::size_t>(known.ranks[0])][k], step, *scale);
            });
            const int r = static_cast<int>(rank);
            if (entry == window.recovered.end()) {
                Recovered found = solve(w, *windows_[w], step, r);
                if (!(found.residual <= residual_limit(yardstick_->recipe)))
                    found = solve_in_part(w, step, r, window).value_or(std::move(found));
                entry = window.recovered.insert(entry, std::move(found));
            }
            entry->ranks.push_back(r);
        }
    }
}

Evidence evidence_of(const Yardstick& yardstick, const Trace& candidate) {
    const Alignment alignment = align(yardstick, candidate);
    Evidence evidence;
    evidence.coupling = yardstick.coupling();
    evidence.strays = strays_of(yardstick, candidate, alignment);
    if (!yardstick.ours) evidence.paces = paces_of(yardstick, candidate, alignment);
    for (const std::size_t w : alignment.missing) evidence.missing.push_back(yardstick.windows[w].step);
    for (const WindowScale& window : yardstick.windows)
        if (static_cast<std::int64_t>(window.samples.size()) < candidate.manifest.split.effective())
            evidence.ragged.push_back(window.step);
    for (const std::int64_t step : evidence.ragged)
        if (yardstick.ours || !fills_every_turn(yardstick, step, candidate.manifest.split))
            evidence.unfilled.push_back(step);
    for (const std::size_t k : alignment.strangers) evidence.strangers.push_back(static_cast<std::int64_t>(k + 1));
    for (std::size_t k = 0; k < alignment.window.size(); ++k) {
        if (!alignment.window[k]) continue;
        const WindowScale& scale = yardstick.windows[*alignment.window[k]];
        if (scale.tensors.empty() || !same_start(candidate, k, scale)) continue;
        WindowEvidence window;
        window.step = static_cast<std::int64_t>(k + 1);
        window.window = scale.step;
        window.samples = scale.samples;
        window.sample_units = scale.sample_units;
        window.micro_of = micros_of(scale, candidate, k);
        window.layout = layout_of(candidate, k);
        for (const auto& [name, parts] : scale.terms) window.terms.push_back({name});
        if (yardstick.ours) {  // of an outside trainer's events nobody promised how many a window has
            window.steps = most_events(candidate, k, "step");
            window.schedule_steps = most_events(candidate, k, "schedule");
            if (scale.counters.ema_updates > 0) window.averages = most_events(candidate, k, "average");
            read_update(candidate, k, scale, window);
            const std::int64_t counted = scale.counters.counted_steps;  // with this step's one
            window.layout.counts_steps = counted > 0;
            window.counted = counted > 0 ? counted_steps(candidate, k, counted) - counted + 1 : window.steps;
        } else {
            window.schedule_steps = turns_of(candidate, k, scale, &Counters::scheduler_steps);
            window.averages = turns_of(candidate, k, scale, &Counters::ema_updates);
            window.layout.averaged |= scale.counters.ema_updates > 0;
            if (scale.units > 0 && scale.padded_units > 0) window.padding = scale.padded_units / scale.units;
        }
        if (k < candidate.ranks[0].size()) window.lr_ratio = lr_ratio(candidate.ranks[0][k], scale);
        evidence.windows.push_back(std::move(window));
    }
    return evidence;
}

}  // namespace isobatch
