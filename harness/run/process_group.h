#pragma once

#include <filesystem>

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include "trace/step.h"

namespace isobatch {

using ProcessGroup = c10::intrusive_ptr<c10d::ProcessGroup>;

/// How the ranks of one trial find each other.
struct Meeting {
    std::filesystem::path file;  ///< made by whoever started the ranks, seen by all of them, used for one trial
    int rank = 0, ranks = 1;
    double deadline_s = 600;  ///< of one collective; only a hint: what ends a hanging rank is its supervisor
};

/// Returns once every rank is there. Throws what c10d throws when one does not come.
ProcessGroup join(const Meeting& meeting);

/// What this rank moved through the group since the last call.
Collectives take_traffic(const ProcessGroup& group);

}  // namespace isobatch
