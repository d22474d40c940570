#pragma once

#include "trace/trace.h"

namespace isobatch {

/// The candidate as it is when it was asked for its trajectory, and a right trainer ran it: each rank has the
/// reference's losses.
inline Trace with_trajectory(Trace trace, const Trace& reference) {
    trace.manifest.trial += " --trajectory 2";
    for (std::vector<Step>& rank : trace.ranks)
        for (std::size_t k = 0; k < rank.size(); ++k) rank[k].free_losses = {*reference.ranks[0].at(k).loss};
    return trace;
}

}  // namespace isobatch
