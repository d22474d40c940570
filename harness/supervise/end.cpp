/// How a process ends, or is ended.
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "supervise/process.h"

namespace isobatch {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds grace(1);  // between SIGTERM and SIGKILL

}  // namespace

bool Process::ended() {
    if (exit_) return true;
    if (pid_ == 0) {
        if (answers_ < 0) exit_ = Exit{.unseen = true};
        return exit_.has_value();
    }
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != pid_)
        return false;
    ::kill(-pid_, SIGKILL);  // grandchildren that outlived it; its unreaped self still holds the group's number
    int status = 0;
    ::waitpid(pid_, &status, 0);
    exit_ = WIFSIGNALED(status) ? Exit{0, WTERMSIG(status)} : Exit{WEXITSTATUS(status), 0};
    // What was written before the end is still in the pipes. Not more than they can hold is read: one that left the
    // group may write for ever.
    for (int reads = 0; reads < 32 && pump(0); ++reads) {
    }
    return true;
}

Exit Process::wait(Seconds deadline) {
    const auto until = Clock::now() + deadline;
    timed_out_ = false;
    stop_speaking();
    while (!ended()) {
        if (Clock::now() >= until) {
            timed_out_ = true;
            return end();
        }
        if (!pump(5)) ::usleep(5000);
    }
    return *exit_;
}

void Process::terminate() {
    if (exit_) return;
    if (pid_ > 0) {
        ::kill(-pid_, SIGTERM);
        return;
    }
    hang_up();
    ended();
}

Exit Process::end() {
    terminate();
    return end_until(Clock::now() + grace);
}

void Process::end(std::span<const std::unique_ptr<Process>> processes) {
    for (const auto& process : processes) process->terminate();
    const auto until = Clock::now() + grace;
    for (const auto& process : processes) process->end_until(until);
}

Exit Process::end_until(Clock::time_point until) {
    while (!exit_ && Clock::now() < until && !ended()) pump(10);
    if (!exit_) ::kill(-pid_, SIGKILL);
    while (!ended()) ::usleep(1000);
    return *exit_;
}

}  // namespace isobatch
