#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "supervise/key.h"
#include "supervise/process.h"

namespace isobatch {

/// A rank that was let in.
struct Guest {
    std::unique_ptr<Process> process;
    std::string address;  ///< of its machine
    std::string ours;     ///< of this machine, as it sees it
};

/// Where the ranks of several machines come to rank 0: a TCP port of its machine. Who has the run's key is let in; all
/// others are sent away, and can hold up nobody.
class Door {
public:
    /// Takes the port (0: any free one), and opens with the first accept, which writes the key. `run`: the same text
    /// on all ranks of a run. Throws Error when the port is taken.
    Door(int port, std::filesystem::path key_file, std::string run);
    ~Door();
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    int port() const;
    /// The next that came; nobody when the deadline passed. Throws Error when a rank of this run does not see the key.
    Guest accept(Process::Seconds deadline);

private:
    struct Knocking;
    void open();
    void let_knock();
    Guest answer(Knocking& one) const;

    int socket_;
    std::filesystem::path key_file_;
    std::string run_;
    std::optional<Key> key_;  ///< none before it is open
    std::vector<Knocking> knocking_;
};

/// The one behind the door at that machine, or nothing when nobody let us in before the deadline. Throws Error when the
/// door is there and the key is not: the two machines do not share the run directory.
std::unique_ptr<Process> knock(const std::string& host, int port, const std::filesystem::path& key_file,
                               const std::string& run, Process::Seconds deadline);

}  // namespace isobatch
