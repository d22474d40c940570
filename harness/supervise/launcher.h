#pragma once

#include <functional>
#include <optional>
#include <string>

namespace isobatch {

/// Who started the ranks where it was not isobatch, and which of them this process is.
struct Launcher {
    std::string source;  ///< `torchrun (RANK, WORLD_SIZE)`
    int rank = 0, world = 1;
};

/// Reads the variables of torchrun, Open MPI, PMI, Slurm and PyTorchJob. Nothing when there are none, or one rank in
/// all: then isobatch starts its own. Throws Error when they contradict each other.
std::optional<Launcher> launcher_in(const std::function<const char*(const char*)>& variable);

}  // namespace isobatch
