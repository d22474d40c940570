#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/mesh.h"
#include "plan/occasion.h"
#include "plan/recipe.h"

namespace isobatch {

/// How many samples and scored units one backward saw.
struct MicroCount {
    int rank = 0;  ///< the first copy of its place
    int micro = 0;
    std::int64_t samples = 0;
    double units = 0;
    double padded_units = 0;  ///< with padding; 0 where nobody counted it

    bool operator==(const MicroCount&) const = default;
};

/// The micros of one optimizer step over all places, in the order rank, micro.
struct WindowLayout {
    std::vector<MicroCount> micros;
    bool ragged = false;             ///< holds fewer samples than the effective batch
    Mesh mesh;                       ///< all of the trial's ranks, also those without a micro
    double norm = 0;                 ///< of the gradient, in units of the norm that it is clipped to; 0: any may be
    bool exact = false;              ///< nothing in it needs rounding, however it is cut
    bool has_twin = false;           ///< a twin of it was run
    bool follows_own_steps = false;  ///< in a run of the trial's own, its loss was compared after updates of that run
    bool averaged = false;           ///< an average of the parameters is kept beside them
    bool counts_steps = false;       ///< the optimizer keeps a count of its steps, as Adam does
    int accum = 1;                   ///< micros that a place has in a full window
    Moment moment;
    Recipe recipe = Recipe::fp64;
    double entries = 0;                     ///< numbers in a gradient; no shape in a file overflows it
    std::vector<std::string> samples = {};  ///< ids, sorted

    bool operator==(const WindowLayout&) const = default;
};

/// The bits of a sum show what it was kept in where it had so many addends, if those have few bits themselves, and in
/// so many entries. Fewer addends: sums of gradients that were computed in bf16 may have no more bits than these (of
/// 653 clean windows one had 0.73 of its entries so, and none with 8 addends more than 0.37).
inline constexpr int least_addends = 8;
inline constexpr std::int64_t least_entries = 1000;

double units_of(const WindowLayout& window);

/// Units with padding; 0 where nobody counted them.
double padded_units_of(const WindowLayout& window);

std::int64_t samples_of(const WindowLayout& window);

/// Micros of one rank.
int micros_on(const WindowLayout& window, int rank);

/// Units of one rank.
double units_on(const WindowLayout& window, int rank);

/// Units of every rank's micro of this index.
double units_at(const WindowLayout& window, int micro);

/// Micros of the rank that has most.
int most_micros(const WindowLayout& window);

bool reaches(Reach reach, const WindowLayout& window, const MicroCount& micro);

/// Whether two micros of the window hold different numbers of units.
bool unequal_units(const WindowLayout& window);

}  // namespace isobatch
