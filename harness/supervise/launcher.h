#pragma once

#include <functional>
#include <optional>
#include <string>

namespace isobatch {

/// Who started the ranks where it was not isobatch, and which of them this process is.
struct Launcher {
    std::string source;  ///< `torchrun (RANK, WORLD_SIZE)`
    int rank = 0, world = 1;
    std::string host;  ///< of rank 0, where ranks are on several machines; empty: all are on this one
    int port = 0;      ///< where it waits for them
};

/// Reads the variables of torchrun, Open MPI, PMI, Slurm and PyTorchJob. Nothing when there are none, or one rank in
/// all: then isobatch starts its own. Ranks on several
/// machines meet as those of torch.distributed do, at MASTER_ADDR and MASTER_PORT. Throws Error when the variables
/// contradict each other, or these are not there.
std::optional<Launcher> launcher_in(const std::function<const char*(const char*)>& variable);

}  // namespace isobatch
