#include "supervise/launcher.h"

#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

/// How one launcher says which rank a process is. A process may see the variables of several, one started by the
/// other: the innermost comes first.
struct Contract {
    const char* name;
    const char* marker;  ///< only this launcher sets it
    const char* rank;
    const char* world;
    const char* here;  ///< ranks on this machine
};

constexpr Contract contracts[] = {
    {"torchrun", "LOCAL_WORLD_SIZE", "RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE"},
    {"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"},
    {"PMI", "PMI_RANK", "PMI_RANK", "PMI_SIZE", "MPI_LOCALNRANKS"},
    {"Slurm", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_TASKS_PER_NODE"},
    {"PyTorchJob", "PET_NNODES", "RANK", "WORLD_SIZE", "PET_NPROC_PER_NODE"},
};

using Variable = std::function<const char*(const char*)>;

int number(const Contract& contract, const char* name, const Variable& variable) {
    const char* text = variable(name);
    if (!text)
        throw Error(fmt::format("{} set {}, but not {}", contract.name, contract.marker, name), name,
                    "start all ranks with one launcher, or clear its variables");
    const auto value = whole_number(text);
    if (!value || *value < 0 || *value > std::numeric_limits<int>::max())
        throw Error(fmt::format("{} is \"{}\"", name, printable(text)), name, "it has to be a whole number from 0");
    return static_cast<int>(*value);
}

}  // namespace

std::optional<Launcher> launcher_in(const Variable& variable) {
    for (const Contract& contract : contracts) {
        if (!variable(contract.marker)) continue;
        Launcher launcher{fmt::format("{} ({}, {})", contract.name, contract.rank, contract.world)};
        launcher.rank = number(contract, contract.rank, variable);
        launcher.world = number(contract, contract.world, variable);
        if (launcher.rank >= launcher.world)
            throw Error(
                fmt::format("{} is {}, but {} is {}", contract.rank, launcher.rank, contract.world, launcher.world),
                contract.rank, "ranks are counted from 0: start all of them with one launcher");
        if (launcher.world == 1) return std::nullopt;
        // Slurm appends `(x1)` where it counts the tasks of its machines.
        const char* here = variable(contract.here);
        const bool all = here && std::string_view(here).substr(0, std::string_view(here).find('(')) ==
                                     std::to_string(launcher.world);
        if (here && !all)
            throw Error(fmt::format("{} of {} ranks are on this machine ({} is {})", here, launcher.world,
                                    contract.here, printable(here)),
                        contract.here, "ranks on several machines are not supported: start all of them on one");
        return launcher;
    }
    return std::nullopt;
}

}  // namespace isobatch
