#pragma once

#include <filesystem>

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include "plan/exchange.h"
#include "plan/mesh.h"
#include "trace/step.h"

namespace isobatch {

using ProcessGroup = c10::intrusive_ptr<c10d::ProcessGroup>;

/// The groups that one rank is in.
struct Groups {
    Mesh mesh;
    ProcessGroup all;  ///< the places, as this rank's copy of them
    ProcessGroup inner,
        outer;  ///< of these: its inner group, and one of each such group. None where there is one level
};

/// How the ranks of one trial find each other.
struct Meeting {
    std::filesystem::path file;  ///< made by whoever started the ranks, seen by all of them, used for one trial
    int rank = 0;
    Mesh mesh;
    double deadline_s = 600;  ///< of one collective; only a hint: what ends a hanging rank is its supervisor
    Exchange::Backend backend = Exchange::Backend::gloo;
    std::string address;  ///< of this rank's machine, where there are others; empty: all ranks are on this one
};

/// Returns once every rank is there. Throws what c10d throws when one does not come.
Groups join(const Meeting& meeting);

/// The orderly end of groups in which no collective is left: NCCL would otherwise take away what a neighbour still
/// reads.
void leave(const Groups& groups);

/// What this rank moved through its groups since the last call.
Collectives take_traffic(const Groups& groups);

}  // namespace isobatch
