#include "diagnose/predict.h"

#include <algorithm>

#include "base/check.h"

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

}  // namespace

std::optional<Prediction> predict(Cause cause, const WindowEvidence& window, int rank) {
    const WindowLayout& layout = window.layout;
    const Mesh& mesh = layout.mesh;
    const double places = mesh.places;
    const auto ones = [&] { return std::vector<double>(window.samples.size(), 1); };
    const auto last = [&](const MicroCount& m) { return m.micro + 1 == micros_on(layout, m.rank); };
    /// What stayed on its rank was scaled to be averaged there, and is not.
    const auto own = [&](const MicroCount& m) { return m.rank == mesh.first_copy(rank); };
    const auto kept = [&](const MicroCount& m) { return own(m) ? places : 0; };
    switch (cause) {
        case Cause::token_mean_of_means: {
            const auto micros = static_cast<double>(layout.micros.size());
            return Prediction{by_micro(window, [&](const auto& m) { return equal_share(window, m.units, micros); })};
        }
        case Cause::missing_accum_division:
            return Prediction{by_micro(window, [&](const auto& m) { return double(micros_on(layout, m.rank)); })};
        case Cause::rank_local_denominator:
            return Prediction{
                by_micro(window, [&](const auto& m) { return equal_share(window, units_on(layout, m.rank), places); })};
        case Cause::uneven_ranks_equal_weight:
            return layout.ragged ? predict(Cause::rank_local_denominator, window, rank) : Prediction{ones()};
        case Cause::average_count_per_micro:
            return Prediction{by_micro(window, [&](const auto& m) {
                return equal_share(window, units_at(layout, m.micro), most_micros(layout));
            })};
        case Cause::no_world_compensation:
            return Prediction{std::vector<double>(window.samples.size(), 1 / places)};
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
        case Cause::wrong_group_divisor:
            return Prediction{std::vector<double>(window.samples.size(), 1.0 / mesh.copies)};
        case Cause::two_level_order:
            return Prediction{by_micro(window, [&](const auto& m) {
                if (m.micro + 1 == most_micros(layout)) return 1.0;
                return mesh.inner_group(m.rank) == mesh.inner_group(rank) ? places / mesh.inner : 0.0;
            })};
        case Cause::bf16_accumulator:
            return Prediction{ones(), 0, false, units_of(layout) > 0};
        case Cause::bf16_reduction:
            return Prediction{ones(), 0, false, units_of(layout) > 0 && mesh.places > 1};
        case Cause::zero_grad_in_window:
            return Prediction{by_micro(window, [&](const auto& m) { return last(m) ? 1.0 : 0.0; })};
        case Cause::not_zeroed_after_step:
            return Prediction{ones(), 1};
        case Cause::epoch_tail_dropped:
            return Prediction{ones()};
        case Cause::unknown:
            return std::nullopt;
    }
    broken_promise("cause", "unknown cause", __FILE__, __LINE__);
}

bool explains_ledger(Cause cause, const Evidence& evidence) {
    if (!evidence.strangers.empty()) return false;
    return cause == Cause::epoch_tail_dropped ? evidence.missing == evidence.ragged : evidence.missing.empty();
}

}  // namespace isobatch
