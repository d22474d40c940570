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
    bool listens;      ///< it holds MASTER_PORT itself: the next one is ours
};

constexpr Contract contracts[] = {
    {"torchrun", "LOCAL_WORLD_SIZE", "RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", true},
    {"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE",
     false},
    {"PMI", "PMI_RANK", "PMI_RANK", "PMI_SIZE", "MPI_LOCALNRANKS", false},
    {"Slurm", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_TASKS_PER_NODE", false},
    {"PyTorchJob", "PET_NNODES", "RANK", "WORLD_SIZE", "PET_NPROC_PER_NODE", false},
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

/// Where nothing says how many ranks are here, whoever sets MASTER_ADDR means several machines.
bool on_several_machines(const Contract& contract, const Launcher& launcher, const Variable& variable) {
    const char* here = variable(contract.here);
    if (!here) return variable("MASTER_ADDR");
    // Slurm appends `(x1)` where it counts the tasks of its machines.
    return std::string_view(here).substr(0, std::string_view(here).find('(')) != std::to_string(launcher.world);
}

void find_rank_0(const Contract& contract, Launcher& launcher, const Variable& variable) {
    constexpr int ports = 65535;
    const char* host = variable("MASTER_ADDR");
    const char* port = variable("MASTER_PORT");
    if (!host || !*host || !port)
        throw Error(fmt::format("{} ranks are on several machines, and nothing says where they meet", launcher.world),
                    host && *host ? "MASTER_PORT" : "MASTER_ADDR",
                    "give all ranks MASTER_ADDR, the machine of rank 0, and MASTER_PORT, a port that is free there");
    launcher.host = host;
    launcher.port = number(contract, "MASTER_PORT", variable) + contract.listens;
    if (launcher.port < 1 || launcher.port > ports)
        throw Error(fmt::format("no port {} where the ranks could meet", launcher.port), "MASTER_PORT",
                    fmt::format("give a port below {}", ports));
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
        if (on_several_machines(contract, launcher, variable)) find_rank_0(contract, launcher, variable);
        return launcher;
    }
    return std::nullopt;
}

}  // namespace isobatch
