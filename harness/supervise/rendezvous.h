#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "supervise/process.h"

namespace isobatch {

/// Where the processes of one user on one machine find each other by a name. It is no file: nothing is left behind,
/// however they end.
class Rendezvous {
public:
    /// Throws Error when somebody else waits there.
    explicit Rendezvous(const std::string& name);
    ~Rendezvous();
    Rendezvous(const Rendezvous&) = delete;
    Rendezvous& operator=(const Rendezvous&) = delete;

    /// The next that came, or nothing when the deadline passed. Who is of another user is not let in.
    std::unique_ptr<Process> accept(Process::Seconds deadline) const;

private:
    int socket_;
};

/// The one who waits there, or nothing when nobody did before the deadline.
std::unique_ptr<Process> meet(const std::string& name, Process::Seconds deadline);

}  // namespace isobatch
