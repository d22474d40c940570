#pragma once

#include <algorithm>
#include <vector>

#include "plan/layout.h"

namespace isobatch {

/// Where a fault can matter: what a window's counts must be for it to change anything.
using Windows = std::vector<WindowLayout>;

template <bool (*holds)(const WindowLayout&)>
bool any(const Windows& windows) {
    return std::any_of(windows.begin(), windows.end(), holds);
}

/// Rules about a scored micro; one without a scored unit has no weight that could be wrong.
using MicroRule = bool(const WindowLayout& window, const MicroCount& micro);
MicroRule accumulates;                   ///< it is one of several on its rank
MicroRule has_unequal_share;             ///< its units are not the mean of all micros'
MicroRule has_unequal_share_of_samples;  ///< its share of the samples is not that of the units
MicroRule is_of_short_turn;              ///< its rank has fewer micros than accum
MicroRule is_before_the_last;            ///< another one follows on its rank
MicroRule is_after_the_first;
MicroRule is_before_a_new_shape;  ///< one of another shape follows on its rank
MicroRule is_on_unequal_rank;     ///< its rank has not its share of the units
MicroRule is_in_tail_of_unequal_rank;
MicroRule is_on_part_of_the_units;  ///< its rank has not all units
MicroRule is_on_unequal_level;      ///< the ranks' micros of its index hold not their share
MicroRule is_exchanged;
MicroRule is_copied;
MicroRule is_one_of_several_units;
MicroRule is_not_a_unit_a_sample;  ///< the window's units are not as many as its samples
MicroRule is_padded;               ///< … as its units with padding
MicroRule is_not_a_unit_a_place;   ///< … as its places
MicroRule is_of_unequal_rows;      ///< its samples differ in their units
MicroRule is_scored;
MicroRule is_not_the_whole;  ///< the window has units in other micros too
MicroRule is_not_the_first;  ///< of the window's

/// Whether a scored micro of the window satisfies the rule.
bool any_scored(const WindowLayout& window, MicroRule rule);

template <MicroRule rule>
bool any_micro(const Windows& windows) {
    return std::any_of(windows.begin(), windows.end(), [](const auto& window) { return any_scored(window, rule); });
}

/// Which two neighbours hold fewest units together, as the first of them: what a budget of tokens leaves in one micro.
/// Of two at least.
std::size_t lightest_pair(const std::vector<double>& units);

// Of one window.
/// Were each place's lightest pair of micros one, and weighed by the number of micros that the split promises.
bool has_unequal_share_of_fewer(const WindowLayout& window);
/// A full one, whose micros are not as many and as large as its split says; of another one nobody knows.
bool is_cut_anew(const WindowLayout& window);
bool has_several_micros(const WindowLayout& window);  ///< and a scored unit
/// Units on several places, which are summed in no fewer bits than 24.
bool is_exchanged_wide(const WindowLayout& window);
bool is_computed_in_fp32(const WindowLayout& window);  ///< and has a scored unit
bool has_empty_micro(const WindowLayout& window);
bool is_ragged(const WindowLayout& window);
bool has_several_places(const WindowLayout& window);
bool has_later_place(const WindowLayout& window);    ///< a micro on another place than the first
bool has_uneven_places(const WindowLayout& window);  ///< its samples do not divide by its places
/// Several ranks, one of which accumulates. Its units do not matter: the order of events shows without them.
bool exchanges_several_micros(const WindowLayout& window);
/// Several ranks, and a scored unit that is not in the window's last micros.
bool reduces_a_unit_again(const WindowLayout& window);
/// Several inner groups, and a scored unit that is not in the window's last micros.
bool has_unit_before_the_last_of_all(const WindowLayout& window);
bool has_several_turns(const WindowLayout& window);       ///< some rank has several micros
bool averages_several_turns(const WindowLayout& window);  ///< where an average of the parameters is kept
bool counts_steps(const WindowLayout& window);            ///< of the optimizer, which corrects its averages by them
bool counts_steps_of_several_turns(const WindowLayout& window);
bool is_loss_scaled(const WindowLayout& window);
bool has_other_last_mean(const WindowLayout& window);  ///< than the window's, of the micros that come last
bool is_clipped(const WindowLayout& window);
bool has_norm(const WindowLayout& window);  ///< that a step may be clipped by
bool has_norm_on_several_ranks(const WindowLayout& window);
bool has_norm_of_several_turns(const WindowLayout& window);
bool has_norm_on_several_places(const WindowLayout& window);

/// Of the run.
bool any_earlier_window(const Windows& windows);  ///< units in a window that another one follows
bool any_window(const Windows& windows);
/// On several places, a window of a later epoch holds other samples than the one of its position in the first.
bool any_other_epoch(const Windows& windows);
/// In the epoch that the restart came in, other windows than the samples' micros follow it.
bool any_skipped_anew(const Windows& windows);
/// There, windows follow it that the first epoch has no equal of.
bool any_other_permutation(const Windows& windows);
/// The run is restarted after a window that is judged, and its optimizer counts steps.
bool any_lost_count(const Windows& windows);
bool any_other_horizon(const Windows& windows);  ///< several windows, of several micros a place
/// What the first three windows' gradients were summed in shows: they are judged in every run.
bool any_sum_of_few_bits(const Windows& windows);
bool any_exchange_of_few_bits(const Windows& windows);  ///< on several places
bool nowhere(const Windows& windows);

}  // namespace isobatch
