#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace isobatch {

/// What to start.
struct Launch {
    std::vector<std::string> command;                ///< the program, found on PATH, and its arguments
    std::map<std::string, std::string> environment;  ///< added to ours
    std::filesystem::path log;  ///< where its output goes; empty: kept in memory, the last lines only
    bool speaks = false;        ///< gives it a line protocol: lines on its stdin, answers on its descriptor 3
};

/// How a process ended.
struct Exit {
    int code = 0;
    int signal = 0;       ///< other than 0: killed by it
    bool unseen = false;  ///< only its connection was seen to close

    bool ok() const { return code == 0 && signal == 0 && !unseen; }
};

/// `exit code 3`, `signal 9 (Killed)`
std::string to_string(const Exit& exit);

/// A child in its own process group that dies with us. Its destructor ends the whole group. Or what another launcher
/// started, at the other end of a connection.
class Process {
public:
    using Seconds = std::chrono::duration<double>;

    /// Throws Error when the program cannot be started.
    explicit Process(Launch launch);
    /// Speaks and hears through this socket, which it closes in the end: then it is for the other side to end.
    explicit Process(int connection);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    /// Sends one line, and reads what the child says meanwhile. False when the child no longer reads or the deadline
    /// passed (see timed_out); what it got then may end in the middle of the line, and nothing more can be said.
    bool say(std::string_view line, Seconds deadline);
    /// The next answer line, or nothing when the child ended, closed its descriptor, or the deadline passed (see
    /// timed_out). An answer that was cut off is none.
    std::optional<std::string> hear(Seconds deadline);
    /// Returns when one of them said something or ended, or after `at_most`: then hear with no deadline tells which.
    static void await(std::span<Process* const> processes, Seconds at_most);
    /// Whether the deadline of the last say, hear or wait passed.
    bool timed_out() const { return timed_out_; }
    /// Waits for the end, ending the group when the deadline passes.
    Exit wait(Seconds deadline);
    /// SIGTERM to the group, SIGKILL after a second; reaps.
    Exit end();
    /// The same for many at once, in one second.
    static void end(std::span<const std::unique_ptr<Process>> processes);
    /// The last lines of its output.
    std::string last_output(std::size_t lines) const;

private:
    bool pump(int timeout_ms,
              bool until_writable = false);  ///< reads what there is; false when both descriptors are closed
    void stop_speaking();
    void hang_up();
    void terminate();
    Exit end_until(std::chrono::steady_clock::time_point until);
    bool ended();  ///< reaps the child if it has ended, and ends what is left of its group

    Launch launch_;
    int pid_ = 0;  ///< 0: no child of ours
    int to_child_ = -1, answers_ = -1, output_ = -1;
    std::string heard_, tail_;
    std::optional<Exit> exit_;
    bool timed_out_ = false;
};

}  // namespace isobatch
