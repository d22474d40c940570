#include "plan/fault.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

using Windows = std::vector<WindowLayout>;

bool any_window(const Windows& windows, bool (*holds)(const WindowLayout&)) {
    return std::any_of(windows.begin(), windows.end(), holds);
}

/// Whether a micro with a scored unit, so one that has a weight, satisfies the rule.
template <class Rule>
bool any_scored(const WindowLayout& window, Rule rule) {
    return std::any_of(window.micros.begin(), window.micros.end(),
                       [&](const MicroCount& m) { return m.units > 0 && rule(m); });
}

bool any_unequal(const Windows& windows) {
    return any_window(windows, unequal_units);
}

/// A rank that accumulates over several micros, one of them with a scored unit.
bool any_accumulation(const Windows& windows) {
    return any_window(windows, [](const WindowLayout& window) {
        return any_scored(window, [&](const MicroCount& m) { return micros_on(window, m.rank) > 1; });
    });
}

/// A scored unit in a micro that another one follows on its rank.
bool any_before_the_last(const Windows& windows) {
    return any_window(windows, [](const WindowLayout& window) {
        return any_scored(window, [&](const MicroCount& m) { return m.micro + 1 < micros_on(window, m.rank); });
    });
}

bool any_earlier_window(const Windows& windows) {
    return windows.size() > 1 &&
           std::any_of(windows.begin(), windows.end() - 1, [](const WindowLayout& w) { return units_of(w) > 0; });
}

bool any_tail(const Windows& windows) {
    return any_window(windows, [](const WindowLayout& window) { return window.ragged; });
}

bool unequal_ranks(const WindowLayout& window) {
    return any_scored(
        window, [&](const MicroCount& m) { return units_on(window, m.rank) * window.mesh.places != units_of(window); });
}

bool any_unequal_ranks(const Windows& windows) {
    return any_window(windows, unequal_ranks);
}

bool any_unequal_ranks_in_a_tail(const Windows& windows) {
    return any_window(windows, [](const WindowLayout& window) { return window.ragged && unequal_ranks(window); });
}

/// The ranks' micros of one index hold other units in all than those of another.
bool any_unequal_level(const Windows& windows) {
    return any_window(windows, [](const WindowLayout& window) {
        return any_scored(window, [&](const MicroCount& m) {
            return units_at(window, m.micro) * most_micros(window) != units_of(window);
        });
    });
}

bool any_exchange(const Windows& windows) {
    return any_window(windows,
                      [](const WindowLayout& window) { return window.mesh.places > 1 && units_of(window) > 0; });
}

/// Several ranks, one of which accumulates. Its units do not matter: the order of events shows without them.
bool any_exchange_of_several(const Windows& windows) {
    return any_window(windows,
                      [](const WindowLayout& window) { return window.mesh.places > 1 && most_micros(window) > 1; });
}

bool any_copies(const Windows& windows) {
    return any_window(windows,
                      [](const WindowLayout& window) { return window.mesh.copies > 1 && units_of(window) > 0; });
}

/// Several inner groups, and a scored unit that is not in the window's last micros.
bool any_before_the_last_of_all(const Windows& windows) {
    return any_window(windows, [](const WindowLayout& window) {
        return window.mesh.places > window.mesh.inner &&
               any_scored(window, [&](const MicroCount& m) { return m.micro + 1 < most_micros(window); });
    });
}

bool any_clipped(const Windows& windows) {
    return any_window(windows, [](const WindowLayout& window) { return window.norm > 1; });
}

/// A norm that counts every rank's replica would be above the threshold.
bool any_clipped_for_all_ranks(const Windows& windows) {
    return any_window(windows, [](const WindowLayout& window) {
        return window.mesh.ranks() > 1 && window.norm * std::sqrt(window.mesh.ranks()) > 1;
    });
}

/// How much of what shows in what the window's gradient was summed: 1 is enough. Where the arithmetic has the sum's own
/// bits, any gradient shows it, by its size.
double shown(const WindowLayout& window) {
    if (units_of(window) == 0) return 0;
    if (!computes_narrow(window.recipe)) return 1;
    const auto addends = std::count_if(window.micros.begin(), window.micros.end(), [](auto& m) { return m.units > 0; });
    return addends < least_addends ? 0 : window.entries / static_cast<double>(least_entries);
}

/// Of the first three windows, which are judged in every run.
double shown_by(const Windows& windows, bool (*holds)(const WindowLayout&)) {
    double sum = 0;
    for (std::size_t w = 0; w < std::min<std::size_t>(windows.size(), 3); ++w)
        sum += holds(windows[w]) ? shown(windows[w]) : 0;
    return sum;
}

/// What several ranks summed in bf16 has more bits once it is exchanged.
bool any_sum_of_few_bits(const Windows& windows) {
    return shown_by(windows, [](const WindowLayout& window) {
               return window.mesh.places == 1 || !computes_narrow(window.recipe);
           }) >= 1;
}

bool any_exchange_of_few_bits(const Windows& windows) {
    return shown_by(windows, [](const WindowLayout& window) { return window.mesh.places > 1; }) >= 1;
}

bool nowhere(const Windows&) {
    return false;
}

}  // namespace

const std::vector<FaultEntry>& fault_catalogue() {
    using enum Check;
    static const std::vector<FaultEntry> entries{
        {"clip-disabled", Cause::unknown, {norm, param, opt}, any_clipped},
        {"norm-misses-shards", Cause::unknown, {norm, param, opt}, any_clipped},
        {"norm-counts-replicas", Cause::unknown, {norm, param, opt}, any_clipped_for_all_ranks},
        {"token-mean-of-means", Cause::token_mean_of_means, {grad, loss}, any_unequal},
        {"missing-accum-division", Cause::missing_accum_division, {grad, loss}, any_accumulation},
        {"rank-local-denominator", Cause::rank_local_denominator, {grad, loss}, any_unequal_ranks},
        {"uneven-ranks-equal-weight", Cause::uneven_ranks_equal_weight, {grad, loss}, any_unequal_ranks_in_a_tail},
        {"average-count-per-micro", Cause::average_count_per_micro, {grad, loss}, any_unequal_level},
        {"no-world-compensation", Cause::no_world_compensation, {grad, loss}, any_exchange},
        {"wrong-group-divisor", Cause::wrong_group_divisor, {grad, loss}, any_copies},
        {"zero-grad-in-window", Cause::zero_grad_in_window, {events, grad}, any_before_the_last},
        {"not-zeroed-after-step", Cause::not_zeroed_after_step, {events, grad}, any_earlier_window},
        {"epoch-tail-dropped", Cause::epoch_tail_dropped, {data, step}, any_tail, {param}},
        {"sum-over-devices", Cause::sum_over_devices, {grad}, any_exchange},
        {"never-synced", Cause::never_synced, {grad}, any_exchange},
        {"no-sync-off-by-one", Cause::no_sync_off_by_one, {events, grad}, any_exchange_of_several},
        {"reduced-once", Cause::reduced_once, {events, grad}, any_exchange_of_several},
        {"scaled-before-wait", Cause::scaled_before_wait, {grad}, any_exchange},
        {"two-level-order", Cause::two_level_order, {grad}, any_before_the_last_of_all},
        {"no-sync-around-backward", std::nullopt, {}, nowhere},
        {"bf16-accumulator", Cause::bf16_accumulator, {grad}, any_sum_of_few_bits},
        {"bf16-reduction", Cause::bf16_reduction, {grad}, any_exchange_of_few_bits},
        {"replicated-partial", Cause::replicated_partial, {grad}, any_exchange},
    };
    return entries;
}

std::vector<Check> green_checks(const FaultEntry& fault) {
    std::vector<Check> green;
    for (const Check check : all_checks)
        if (std::find(fault.red.begin(), fault.red.end(), check) == fault.red.end() &&
            std::find(fault.may.begin(), fault.may.end(), check) == fault.may.end())
            green.push_back(check);
    return green;
}

const FaultEntry& find_fault(std::string_view id) {
    std::vector<std::string> known;
    for (const FaultEntry& entry : fault_catalogue()) {
        if (entry.id == id) return entry;
        known.push_back(entry.id);
    }
    throw Error(fmt::format("unknown fault \"{}\"", printable(id)), "--fault",
                fmt::format("did you mean {}? Known: {}", nearest(id, known), joined(known, ", ")));
}

}  // namespace isobatch
