#include "diagnose/predict.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "diagnose/predict_beside_weights.h"
#include "plan/power.h"

namespace isobatch {

namespace {

/// A weight for each sample from a rule about its micro.
template <class Rule>
std::vector<double> by_micro(const WindowEvidence& window, Rule rule) {
    std::vector<double> weights;
    for (const int micro : window.micro_of)
        weights.push_back(rule(window.layout.micros[static_cast<std::size_t>(micro)]));
    return weights;
}

/// The weight of a sample whose micro's count, of this many that weigh the same, stands for the window's: a count of
/// nothing contributes nothing, but is still one of them.
double equal_share(const WindowEvidence& window, double count, double of) {
    return count > 0 ? units_of(window.layout) / (of * count) : 1;
}

/// What the ranks exchange is not what they should.
Prediction by_exchange(Cause cause, const WindowEvidence& window, int rank) {
    const WindowLayout& layout = window.layout;
    const Mesh& mesh = layout.mesh;
    const double places = mesh.places;
    const auto last = [&](const MicroCount& m) { return m.micro + 1 == micros_on(layout, m.rank); };
    /// What stayed on its rank was scaled to be averaged there, and is not.
    const auto own = [&](const MicroCount& m) { return m.rank == mesh.first_copy(rank); };
    const auto kept = [&](const MicroCount& m) { return own(m) ? places : 0; };
    switch (cause) {
        case Cause::sum_over_devices:
            return Prediction{std::vector<double>(window.samples.size(), places)};
        case Cause::never_synced:
            return Prediction{by_micro(window, kept)};
        case Cause::replicated_partial:
            return Prediction{by_micro(window, kept), 0, true};
        case Cause::scaled_before_wait:
            return Prediction{by_micro(window, [&](const auto& m) { return own(m) ? 1.0 : 0.0; })};
        case Cause::no_sync_off_by_one:
            return Prediction{by_micro(window, [&](const auto& m) { return last(m) && m.micro > 0 ? kept(m) : 1; })};
        case Cause::reduced_once:
            return Prediction{by_micro(window, [&](const auto& m) { return m.micro > 0 ? kept(m) : 1; })};
        case Cause::re_reduced_sum:
            return Prediction{by_micro(window, [&, most = most_micros(layout)](const auto& m) {
                return std::pow(places, most - 1 - m.micro);
            })};
        case Cause::two_level_order:
            return Prediction{by_micro(window, [&, most = most_micros(layout)](const auto& m) {
                if (m.micro + 1 == most) return 1.0;
                return mesh.inner_group(m.rank) == mesh.inner_group(rank) ? places / mesh.inner : 0.0;
            })};
        default:
            broken_promise("cause", "a cause of the exchange", __FILE__, __LINE__);
    }
}

/// Each sample is cut to the units of its micro's shortest.
Prediction by_shortest(const WindowEvidence& window) {
    std::vector<double> shortest(window.layout.micros.size(), std::numeric_limits<double>::infinity());
    const auto left = [&](std::size_t i) -> double& { return shortest[static_cast<std::size_t>(window.micro_of[i])]; };
    for (std::size_t i = 0; i < window.samples.size(); ++i) left(i) = std::min(left(i), window.sample_units[i]);
    Prediction prediction;
    for (std::size_t i = 0; i < window.samples.size(); ++i) {
        const double units = window.sample_units[i];
        prediction.weights.push_back(units > 0 ? left(i) / units : 1);
        prediction.first_units.push_back(left(i));
    }
    return prediction;
}

/// What was counted is not the window's units, or a micro arrives as another share than it was reported.
Prediction by_count(Cause cause, const WindowEvidence& window) {
    const WindowLayout& layout = window.layout;
    const auto all = [&](double weight) { return Prediction{std::vector<double>(window.samples.size(), weight)}; };
    const auto without = [&](MicroRule lost) {
        return Prediction{by_micro(window, [&](const auto& m) { return lost(layout, m) ? 0.0 : 1.0; })};
    };
    switch (cause) {
        case Cause::double_division:
            return Prediction{by_micro(window, [&](const auto& m) { return 1.0 / micros_on(layout, m.rank); })};
        case Cause::divide_after_backward:
            return Prediction{by_micro(window, [&](const auto& m) { return double(micros_on(layout, m.rank)); })};
        case Cause::sample_share_on_token_mean: {
            const auto samples = static_cast<double>(samples_of(layout));
            return Prediction{by_micro(window, [&](const auto& m) {
                return equal_share(window, m.units, samples / static_cast<double>(m.samples));
            })};
        }
        case Cause::sample_vs_token_contract:
            return all(units_of(layout) / static_cast<double>(samples_of(layout)));
        case Cause::short_window_nominal_accum:
            return Prediction{
                by_micro(window, [&](const auto& m) { return double(micros_on(layout, m.rank)) / layout.accum; })};
        case Cause::padded_tokens_counted:
            return all(padded_units_of(layout) > 0 ? units_of(layout) / padded_units_of(layout) * window.padding : 1);
        case Cause::n_minus_one:
            return all(units_of(layout) > 1 ? units_of(layout) / (units_of(layout) - 1) : 1);
        case Cause::unconditional_world_factor:
            return Prediction{
                by_micro(window, [&](const auto& m) { return equal_share(window, units_on(layout, m.rank), 1); })};
        case Cause::sum_never_divided:
            return all(units_of(layout) / layout.mesh.places);
        case Cause::last_backward_survives:
            return without(is_before_the_last);
        case Cause::first_backward_survives:
            return without(is_after_the_first);
        case Cause::cleared_at_new_shape:
            return without(is_before_a_new_shape);
        case Cause::unpredicted_position_counted:
            return all(any_scored(layout, is_not_a_unit_a_sample)
                           ? 1 / (1 + double(samples_of(layout)) / units_of(layout))
                           : 1);
        case Cause::unscale_without_scale:
            return all(1 / first_loss_scale);
        default:
            broken_promise("cause", "a cause of counts", __FILE__, __LINE__);
    }
}

/// What a micro's loss is divided by is not the window's units.
Prediction by_divisor(Cause cause, const WindowEvidence& window) {
    const WindowLayout& layout = window.layout;
    const double places = layout.mesh.places;
    const auto all = [&](double weight) { return Prediction{std::vector<double>(window.samples.size(), weight)}; };
    switch (cause) {
        case Cause::token_mean_of_means:
            return Prediction{by_micro(
                window, [&](const auto& m) { return equal_share(window, m.units, double(layout.micros.size())); })};
        case Cause::missing_accum_division:
            return by_count(Cause::divide_after_backward, window);
        case Cause::rank_local_denominator:
            return Prediction{
                by_micro(window, [&](const auto& m) { return equal_share(window, units_on(layout, m.rank), places); })};
        case Cause::uneven_ranks_equal_weight:
            return layout.ragged ? by_divisor(Cause::rank_local_denominator, window) : all(1);
        case Cause::average_count_per_micro:
            return Prediction{by_micro(window, [&, most = most_micros(layout)](const auto& m) {
                return equal_share(window, units_at(layout, m.micro), most);
            })};
        case Cause::nominal_count_dynamic_batching:
            return Prediction{
                by_micro(window, [&](const auto& m) { return equal_share(window, m.units, places * layout.accum); })};
        case Cause::no_world_compensation:
            return all(1 / places);
        case Cause::wrong_group_divisor:
            return all(1.0 / layout.mesh.copies);
        default:
            broken_promise("cause", "a cause of divisors", __FILE__, __LINE__);
    }
}

/// What the cause leaves where it acts.
std::optional<Prediction> acting(Cause cause, const WindowEvidence& window, int rank) {
    switch (cause) {
        case Cause::token_mean_of_means:
        case Cause::missing_accum_division:
        case Cause::rank_local_denominator:
        case Cause::uneven_ranks_equal_weight:
        case Cause::average_count_per_micro:
        case Cause::nominal_count_dynamic_batching:
        case Cause::no_world_compensation:
        case Cause::wrong_group_divisor:
            return by_divisor(cause, window);
        case Cause::sum_over_devices:
        case Cause::never_synced:
        case Cause::replicated_partial:
        case Cause::scaled_before_wait:
        case Cause::no_sync_off_by_one:
        case Cause::reduced_once:
        case Cause::re_reduced_sum:
        case Cause::two_level_order:
            return by_exchange(cause, window, rank);
        case Cause::zero_grad_in_window:
            return by_count(Cause::last_backward_survives, window);
        case Cause::not_zeroed_after_step:
            return Prediction{.weights = std::vector<double>(window.samples.size(), 1), .stale = 1};
        case Cause::regulariser_per_micro:
            return Prediction{.weights = std::vector<double>(window.samples.size(), 1),
                              .terms = window.terms.empty() ? 0.0 : double(window.layout.micros.size()) - 1};
        case Cause::double_division:
        case Cause::divide_after_backward:
        case Cause::sample_share_on_token_mean:
        case Cause::sample_vs_token_contract:
        case Cause::short_window_nominal_accum:
        case Cause::padded_tokens_counted:
        case Cause::n_minus_one:
        case Cause::unconditional_world_factor:
        case Cause::sum_never_divided:
        case Cause::last_backward_survives:
        case Cause::first_backward_survives:
        case Cause::cleared_at_new_shape:
        case Cause::unpredicted_position_counted:
        case Cause::unscale_without_scale:
            return by_count(cause, window);
        case Cause::cut_to_shortest:
            return by_shortest(window);
        default:
            return predict_beside_weights(cause, window);
    }
}

}  // namespace

std::optional<Prediction> predict(Cause cause, const WindowEvidence& window, int rank, const Occasion& occasion) {
    std::optional<Prediction> prediction = acting(cause, window, rank);
    if (prediction && !acts(occasion.when, window.layout.moment))
        return Prediction{std::vector<double>(window.samples.size(), 1)};
    if (prediction && occasion.where == Reach::some_parameters)
        prediction->in_part = std::any_of(prediction->weights.begin(), prediction->weights.end(),
                                          [](double weight) { return weight != 1; });
    else if (prediction && occasion.where != Reach::everywhere)
        for (std::size_t i = 0; i < window.samples.size(); ++i)
            if (!reaches(occasion.where, window.layout, micro_of(window, i))) prediction->weights[i] = 1;
    return prediction;
}

namespace {

/// `weight` finds the one of a part.
template <class Weight>
void average_alike(const Recovered& recovered, const Weight& weight) {
    for (const std::vector<Source>& parts : recovered.alike) {
        double sum = 0;
        for (const Source& part : parts) sum += weight(part);
        for (const Source& part : parts) weight(part) = sum / static_cast<double>(parts.size());
    }
}

}  // namespace

std::vector<double> weights_as_read(const Prediction& prediction, const Recovered& recovered) {
    std::vector<double> weights = prediction.weights;
    if (recovered.units.empty())
        average_alike(recovered, [&](const Source& part) -> double& { return weights[part.sample]; });
    return weights;
}

std::vector<std::vector<double>> units_as_read(const Prediction& prediction, const Recovered& recovered) {
    std::vector<std::vector<double>> all;
    for (std::size_t i = 0; i < recovered.units.size(); ++i) {
        std::vector<double>& units = all.emplace_back(recovered.units[i].size(), prediction.weights[i]);
        for (std::size_t unit = 0; unit < units.size() && !prediction.first_units.empty(); ++unit)
            units[unit] = static_cast<double>(unit) < prediction.first_units[i] ? 1 : 0;
    }
    if (!all.empty())
        average_alike(recovered, [&](const Source& part) -> double& { return all[part.sample][*part.unit]; });
    return all;
}

std::vector<double> terms_of(const Prediction& prediction, const WindowEvidence& window, const Recovered& recovered) {
    std::vector<double> nearest(recovered.terms.size(), 0);
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t about = 0; about < nearest.size(); ++about) {
        if (std::isnan(recovered.terms[about])) continue;
        std::vector<double> terms(nearest.size(), 0);
        terms[about] = prediction.terms;
        double farthest = 0;
        for (std::size_t i = 0; i < terms.size(); ++i)
            if (!std::isnan(recovered.terms[i]))
                farthest = std::max(farthest, std::abs(recovered.terms[i] - terms[i]) / window.terms[i].tolerance);
        if (farthest >= least) continue;
        least = farthest;
        nearest = std::move(terms);
    }
    return nearest;
}

double stale_of(const Prediction& prediction, const WindowEvidence& window, std::size_t before) {
    const std::int64_t earlier = window.window - static_cast<std::int64_t>(before);
    return earlier > window.layout.moment.restart ? prediction.stale : 0;
}

}  // namespace isobatch
