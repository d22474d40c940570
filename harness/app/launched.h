#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/worker.h"
#include "supervise/door.h"
#include "supervise/launcher.h"

namespace isobatch {

/// Ranks that another launcher started, each an isobatch with one worker: the first leads, the others lend it theirs.
/// They meet by the run directory, and only if they were given the same command; on several machines at a port of the
/// leader's, with a key that lies in that directory.
struct Launched {
    Launcher launcher;
    std::string command;
    std::function<Guest(Process::Seconds)> accept;  ///< of the leader: the next rank, or nobody
};

/// Where the leader waits. Throws Error when somebody else does.
std::function<Guest(Process::Seconds)> place_for(const Launcher& launcher, const std::string& command,
                                                 const std::filesystem::path& out);

/// Workers by rank.
struct Gathered {
    std::vector<std::unique_ptr<Process>> processes;
    std::vector<std::string> addresses;  ///< where their machines reach each other; none where it is one machine
};

/// The leader's own worker and those of the others. Throws LostAtStart when one does not come, Error when one was given
/// another command, is no worker, or is on a machine that does not share the run directory.
Gathered gather(const Launched& launched, const WorkerProgram& program);

/// Tells those who lent their workers, whether they are gathered or not, that the run is over.
void dismiss(const Launched& launched, std::vector<std::unique_ptr<Process>> ranks, Process::Seconds patience);

/// Lends a worker to the leader until the run is over; a fresh one for each group that the leader gathers. Returns the
/// exit code. Throws Error when this machine does not share the run directory.
int follow(const Launched& launched, const WorkerProgram& program);

}  // namespace isobatch
