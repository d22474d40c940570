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

/// Of one window. A micro without a scored unit has no weight that could be wrong.
bool accumulates(const WindowLayout& window);               ///< a scored unit is on a rank with several micros
bool has_unit_before_the_last(const WindowLayout& window);  ///< in a micro that another one follows on its rank
bool has_unit_after_the_first(const WindowLayout& window);
bool has_unequal_ranks(const WindowLayout& window);  ///< a rank has not its share of the units
bool has_unequal_ranks_in_a_tail(const WindowLayout& window);
bool has_part_of_the_units(const WindowLayout& window);         ///< a rank has some of the units, not all
bool has_unequal_level(const WindowLayout& window);             ///< the ranks' micros of one index hold not their share
bool has_unequal_share_of_samples(const WindowLayout& window);  ///< a micro has another share of samples than of units
bool has_short_turn(const WindowLayout& window);  ///< a scored unit is on a rank with fewer micros than accum
bool has_empty_micro(const WindowLayout& window);
bool has_units(const WindowLayout& window);
bool has_several_units(const WindowLayout& window);
bool has_units_but_samples(const WindowLayout& window);  ///< its units are not as many as its samples
bool has_units_but_padded(const WindowLayout& window);   ///< … as its units with padding
bool has_units_but_places(const WindowLayout& window);   ///< … as its places
bool is_ragged(const WindowLayout& window);
bool has_several_places(const WindowLayout& window);
bool has_later_place(const WindowLayout& window);    ///< a micro on another place than the first
bool has_uneven_places(const WindowLayout& window);  ///< its samples do not divide by its places
bool exchanges_units(const WindowLayout& window);
/// Several ranks, one of which accumulates. Its units do not matter: the order of events shows without them.
bool exchanges_several_micros(const WindowLayout& window);
bool copies_units(const WindowLayout& window);
/// Several ranks, and a scored unit that is not in the window's last micros.
bool reduces_a_unit_again(const WindowLayout& window);
/// Several inner groups, and a scored unit that is not in the window's last micros.
bool has_unit_before_the_last_of_all(const WindowLayout& window);
bool has_several_turns(const WindowLayout& window);       ///< some rank has several micros
bool averages_several_turns(const WindowLayout& window);  ///< where an average of the parameters is kept
bool has_other_last_mean(const WindowLayout& window);     ///< than the window's, of the micros that come last
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
bool any_other_horizon(const Windows& windows);  ///< several windows, of several micros a place
/// What the first three windows' gradients were summed in shows: they are judged in every run.
bool any_sum_of_few_bits(const Windows& windows);
bool any_exchange_of_few_bits(const Windows& windows);  ///< on several places
bool nowhere(const Windows& windows);

}  // namespace isobatch
