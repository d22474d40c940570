#pragma once

#include "plan/trial.h"

namespace isobatch {

/// How the ranks of a trial are arranged: neighbouring ranks are the copies of one place in the data-parallel group,
/// and neighbouring places are an inner group.
struct Mesh {
    int places = 1;  ///< of the data-parallel group: the split's devices
    int copies = 1;  ///< ranks in one place: they hold the same samples, as those of a tensor-parallel group do
    int inner = 1;   ///< places whose gradients meet before those of all do, as in hybrid sharding; divides places

    int ranks() const { return places * copies; }
    int place(int rank) const { return rank / copies; }
    int copy(int rank) const { return rank % copies; }
    int first_copy(int rank) const { return rank - copy(rank); }
    int inner_group(int rank) const { return place(rank) / inner; }

    bool operator==(const Mesh&) const = default;
};

/// The most ranks that a trial or a trace may have.
inline constexpr std::int64_t max_ranks = std::int64_t{1} << 20;

/// Inner groups are as large as the engine's text asks for, or the largest divisor that both have in common where that
/// does not divide the devices. Throws Error for more than max_ranks.
Mesh mesh_of(const Trial& trial);

/// How many places at most so many ranks make, where 0 is no bound. Throws Error when not even one.
std::int64_t places_in(std::int64_t ranks, std::int64_t copies);

}  // namespace isobatch
