#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/worker.h"
#include "supervise/launcher.h"
#include "supervise/rendezvous.h"

namespace isobatch {

/// Ranks that another launcher started, each an isobatch with one worker: the first leads, the others lend it theirs.
/// They meet by the run directory, and only if they were given the same command.
struct Launched {
    Launcher launcher;
    std::string command;
    std::shared_ptr<Rendezvous> rendezvous;  ///< of the leader
};

/// The leader's own worker and those of the others, by rank. Throws LostAtStart when one does not come, Error when one
/// was given another command or is no worker.
std::vector<std::unique_ptr<Process>> gather(const Launched& launched, const WorkerProgram& program);

/// Tells those who lent their workers, whether they are gathered or not, that the run is over.
void dismiss(const Launched& launched, std::vector<std::unique_ptr<Process>> ranks, Process::Seconds patience);

/// Lends a worker to the leader until the run is over; a fresh one for each group that the leader gathers. Returns the
/// exit code.
int follow(const Launched& launched, const WorkerProgram& program);

/// Where the ranks of a run directory meet.
std::string meeting_name(const std::filesystem::path& out);

}  // namespace isobatch
