#include "plan/power.h"

#include <map>

namespace isobatch {

namespace {

bool is_before_the_last_of_all(const WindowLayout& window, const MicroCount& micro) {
    return micro.micro + 1 < most_micros(window);
}

/// Of two micros, whether a backward sees tensors of the same size.
bool same_shape(const MicroCount& a, const MicroCount& b) {
    return a.samples == b.samples && a.padded_units == b.padded_units;
}

}  // namespace

bool any_scored(const WindowLayout& window, MicroRule rule) {
    return std::any_of(window.micros.begin(), window.micros.end(),
                       [&](const MicroCount& micro) { return micro.units > 0 && rule(window, micro); });
}

bool accumulates(const WindowLayout& window, const MicroCount& micro) {
    return micros_on(window, micro.rank) > 1;
}

bool has_unequal_share(const WindowLayout& window, const MicroCount& micro) {
    return micro.units * static_cast<double>(window.micros.size()) != units_of(window);
}

bool has_unequal_share_of_samples(const WindowLayout& window, const MicroCount& micro) {
    return units_of(window) * static_cast<double>(micro.samples) !=
           static_cast<double>(samples_of(window)) * micro.units;
}

bool is_of_short_turn(const WindowLayout& window, const MicroCount& micro) {
    return micros_on(window, micro.rank) != window.accum;
}

bool is_before_the_last(const WindowLayout& window, const MicroCount& micro) {
    return micro.micro + 1 < micros_on(window, micro.rank);
}

bool is_after_the_first(const WindowLayout&, const MicroCount& micro) {
    return micro.micro > 0;
}

bool is_before_a_new_shape(const WindowLayout& window, const MicroCount& micro) {
    return std::any_of(window.micros.begin(), window.micros.end(), [&](const MicroCount& later) {
        return later.rank == micro.rank && later.micro > micro.micro && !same_shape(micro, later);
    });
}

bool is_on_unequal_rank(const WindowLayout& window, const MicroCount& micro) {
    return units_on(window, micro.rank) * window.mesh.places != units_of(window);
}

bool is_in_tail_of_unequal_rank(const WindowLayout& window, const MicroCount& micro) {
    return window.ragged && is_on_unequal_rank(window, micro);
}

bool is_on_part_of_the_units(const WindowLayout& window, const MicroCount& micro) {
    return units_on(window, micro.rank) != units_of(window);
}

bool is_on_unequal_level(const WindowLayout& window, const MicroCount& micro) {
    return units_at(window, micro.micro) * most_micros(window) != units_of(window);
}

bool is_exchanged(const WindowLayout& window, const MicroCount&) {
    return window.mesh.places > 1;
}

bool is_copied(const WindowLayout& window, const MicroCount&) {
    return window.mesh.copies > 1;
}

bool is_one_of_several_units(const WindowLayout& window, const MicroCount&) {
    return units_of(window) > 1;
}

bool is_not_a_unit_a_sample(const WindowLayout& window, const MicroCount&) {
    return units_of(window) != static_cast<double>(samples_of(window));
}

bool is_padded(const WindowLayout& window, const MicroCount&) {
    return units_of(window) != padded_units_of(window);
}

bool is_of_unequal_rows(const WindowLayout&, const MicroCount& micro) {
    return micro.units != micro.padded_units;
}

bool is_not_a_unit_a_place(const WindowLayout& window, const MicroCount&) {
    return units_of(window) != window.mesh.places;
}

bool is_scored(const WindowLayout&, const MicroCount&) {
    return true;
}

bool is_not_the_whole(const WindowLayout& window, const MicroCount& micro) {
    return micro.units != units_of(window);
}

bool is_not_the_first(const WindowLayout&, const MicroCount& micro) {
    return micro.rank > 0 || micro.micro > 0;
}

std::size_t lightest_pair(const std::vector<double>& units) {
    std::size_t lightest = 0;
    for (std::size_t i = 1; i + 1 < units.size(); ++i)
        if (units[i] + units[i + 1] < units[lightest] + units[lightest + 1]) lightest = i;
    return lightest;
}

bool has_unequal_share_of_fewer(const WindowLayout& window) {
    std::map<int, std::vector<double>> places;
    for (const MicroCount& micro : window.micros) places[micro.rank].push_back(micro.units);
    const double nominal = static_cast<double>(window.mesh.places) * window.accum;
    for (auto& [rank, units] : places) {
        if (units.size() > 1) {
            const std::size_t first = lightest_pair(units);
            units[first] += units[first + 1];
            units.erase(units.begin() + static_cast<std::ptrdiff_t>(first) + 1);
        }
        if (std::any_of(units.begin(), units.end(),
                        [&](double own) { return own > 0 && own * nominal != units_of(window); }))
            return true;
    }
    return false;
}

bool is_cut_anew(const WindowLayout& window) {
    const auto promised = static_cast<std::size_t>(window.mesh.places) * static_cast<std::size_t>(window.accum);
    return !window.ragged && (window.micros.size() != promised ||
                              std::any_of(window.micros.begin(), window.micros.end(), [&](const MicroCount& micro) {
                                  return micro.samples != window.micros.front().samples;
                              }));
}

bool has_several_micros(const WindowLayout& window) {
    return window.micros.size() > 1 && units_of(window) > 0;
}

bool is_exchanged_wide(const WindowLayout& window) {
    return window.mesh.places > 1 && units_of(window) > 0 && !computes_narrow(window.recipe);
}

bool is_computed_in_fp32(const WindowLayout& window) {
    return window.recipe == Recipe::fp32 && units_of(window) > 0;
}

bool has_empty_micro(const WindowLayout& window) {
    return std::any_of(window.micros.begin(), window.micros.end(), [](const MicroCount& m) { return m.units == 0; });
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

bool exchanges_several_micros(const WindowLayout& window) {
    return window.mesh.places > 1 && most_micros(window) > 1;
}

bool reduces_a_unit_again(const WindowLayout& window) {
    return window.mesh.places > 1 && any_scored(window, is_before_the_last_of_all);
}

bool has_other_last_mean(const WindowLayout& window) {
    return any_scored(window, is_before_the_last) || any_scored(window, is_on_unequal_rank);
}

bool has_unit_before_the_last_of_all(const WindowLayout& window) {
    return window.mesh.places > window.mesh.inner && any_scored(window, is_before_the_last_of_all);
}

bool averages_several_turns(const WindowLayout& window) {
    return window.averaged && has_several_turns(window);
}

bool counts_steps(const WindowLayout& window) {
    return window.counts_steps;
}

bool counts_steps_of_several_turns(const WindowLayout& window) {
    return window.counts_steps && has_several_turns(window);
}

bool is_loss_scaled(const WindowLayout& window) {
    return loss_scale(window.recipe) != 1;
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

}  // namespace isobatch
