#include "plan/power.h"

namespace isobatch {

namespace {

/// Whether a micro with a scored unit satisfies the rule.
template <class Rule>
bool any_scored(const WindowLayout& window, Rule rule) {
    return std::any_of(window.micros.begin(), window.micros.end(),
                       [&](const MicroCount& m) { return m.units > 0 && rule(m); });
}

bool has_units_but(const WindowLayout& window, double count) {
    return units_of(window) > 0 && units_of(window) != count;
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

}  // namespace

bool accumulates(const WindowLayout& window) {
    return any_scored(window, [&](const MicroCount& m) { return micros_on(window, m.rank) > 1; });
}

bool has_unit_before_the_last(const WindowLayout& window) {
    return any_scored(window, [&](const MicroCount& m) { return m.micro + 1 < micros_on(window, m.rank); });
}

bool has_unit_after_the_first(const WindowLayout& window) {
    return any_scored(window, [](const MicroCount& m) { return m.micro > 0; });
}

bool has_unequal_ranks(const WindowLayout& window) {
    return any_scored(
        window, [&](const MicroCount& m) { return units_on(window, m.rank) * window.mesh.places != units_of(window); });
}

bool has_unequal_ranks_in_a_tail(const WindowLayout& window) {
    return window.ragged && has_unequal_ranks(window);
}

bool has_part_of_the_units(const WindowLayout& window) {
    return any_scored(window, [&](const MicroCount& m) { return units_on(window, m.rank) != units_of(window); });
}

bool has_unequal_level(const WindowLayout& window) {
    return any_scored(window, [&](const MicroCount& m) {
        return units_at(window, m.micro) * most_micros(window) != units_of(window);
    });
}

bool has_unequal_share_of_samples(const WindowLayout& window) {
    const auto samples = static_cast<double>(samples_of(window));
    return any_scored(window, [&](const MicroCount& m) {
        return units_of(window) * static_cast<double>(m.samples) != samples * m.units;
    });
}

bool has_short_turn(const WindowLayout& window) {
    return any_scored(window, [&](const MicroCount& m) { return micros_on(window, m.rank) != window.accum; });
}

bool has_empty_micro(const WindowLayout& window) {
    return std::any_of(window.micros.begin(), window.micros.end(), [](const MicroCount& m) { return m.units == 0; });
}

bool has_units(const WindowLayout& window) {
    return units_of(window) > 0;
}

bool has_several_units(const WindowLayout& window) {
    return units_of(window) > 1;
}

bool has_units_but_samples(const WindowLayout& window) {
    return has_units_but(window, static_cast<double>(samples_of(window)));
}

bool has_units_but_padded(const WindowLayout& window) {
    return has_units_but(window, padded_units_of(window));
}

bool has_units_but_places(const WindowLayout& window) {
    return has_units_but(window, window.mesh.places);
}

bool is_ragged(const WindowLayout& window) {
    return window.ragged;
}

bool has_several_places(const WindowLayout& window) {
    return window.mesh.places > 1;
}

bool has_later_place(const WindowLayout& window) {
    return std::any_of(window.micros.begin(), window.micros.end(), [](const MicroCount& m) { return m.rank > 0; });
}

bool has_uneven_places(const WindowLayout& window) {
    return samples_of(window) % window.mesh.places != 0;
}

bool exchanges_units(const WindowLayout& window) {
    return window.mesh.places > 1 && units_of(window) > 0;
}

bool exchanges_several_micros(const WindowLayout& window) {
    return window.mesh.places > 1 && most_micros(window) > 1;
}

bool copies_units(const WindowLayout& window) {
    return window.mesh.copies > 1 && units_of(window) > 0;
}

bool reduces_a_unit_again(const WindowLayout& window) {
    return window.mesh.places > 1 &&
           any_scored(window, [&](const MicroCount& m) { return m.micro + 1 < most_micros(window); });
}

bool has_other_last_mean(const WindowLayout& window) {
    return has_unit_before_the_last(window) || has_unequal_ranks(window);
}

bool has_unit_before_the_last_of_all(const WindowLayout& window) {
    return window.mesh.places > window.mesh.inner &&
           any_scored(window, [&](const MicroCount& m) { return m.micro + 1 < most_micros(window); });
}

bool averages_several_turns(const WindowLayout& window) {
    return window.averaged && has_several_turns(window);
}

bool has_several_turns(const WindowLayout& window) {
    return most_micros(window) > 1;
}

bool is_clipped(const WindowLayout& window) {
    return window.norm > 1;
}

bool has_norm(const WindowLayout& window) {
    return window.norm > 0;
}

bool has_norm_on_several_ranks(const WindowLayout& window) {
    return has_norm(window) && window.mesh.ranks() > 1;
}

bool has_norm_of_several_turns(const WindowLayout& window) {
    return has_norm(window) && has_several_turns(window);
}

bool has_norm_on_several_places(const WindowLayout& window) {
    return has_norm(window) && has_several_places(window);
}

bool any_earlier_window(const Windows& windows) {
    return windows.size() > 1 &&
           std::any_of(windows.begin(), windows.end() - 1, [](const WindowLayout& w) { return units_of(w) > 0; });
}

bool any_window(const Windows& windows) {
    return !windows.empty();
}

bool any_other_epoch(const Windows& windows) {
    std::vector<const WindowLayout*> first;
    std::size_t position = 0;
    int epoch = 1;
    for (const WindowLayout& window : windows) {
        position = window.moment.epoch == epoch ? position : 0;
        epoch = window.moment.epoch;
        if (epoch == 1)
            first.push_back(&window);
        else if (window.mesh.places > 1 && (position >= first.size() || window.samples != first[position]->samples))
            return true;
        ++position;
    }
    return false;
}

bool any_other_horizon(const Windows& windows) {
    return windows.size() > 1 && windows[0].accum > 1;
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

}  // namespace isobatch
