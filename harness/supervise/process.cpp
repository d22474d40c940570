#include "supervise/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

constexpr int answer_descriptor = 3;
constexpr std::size_t tail_bytes = 1 << 16;

using Clock = std::chrono::steady_clock;
using Time = std::chrono::time_point<Clock, Process::Seconds>;

/// For poll: at least 1, so that what is left of a millisecond is not spent spinning, and at most 200, to see whether
/// the child still lives.
int milliseconds_until(Time until) {
    return static_cast<int>(std::clamp(1000 * Process::Seconds(until - Clock::now()).count(), 1.0, 200.0));
}

void close_end(int& descriptor) {
    if (descriptor >= 0) ::close(descriptor);
    descriptor = -1;
}

/// Closes on every way out what was not taken out of it.
struct Pipe {
    int read = -1, write = -1;
    explicit Pipe(bool wanted) {
        int ends[2];
        if (!wanted) return;
        if (::pipe2(ends, O_CLOEXEC) != 0)
            throw Error(fmt::format("cannot open a pipe: {}", std::strerror(errno)), "starting a process",
                        "close other programs, then try again");
        read = ends[0];
        write = ends[1];
    }
    ~Pipe() {
        close_end(read);
        close_end(write);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
};

int open_log(const std::filesystem::path& path) {
    const int log = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (log < 0)
        throw Error(fmt::format("cannot create the log: {}", std::strerror(errno)), path.string(),
                    "check the directory, or choose another with --out");
    return log;
}

/// What kept the child from becoming its program; 0 when it has become it, which closes the pipe.
int failure_of(int pipe) {
    int code = 0;
    ssize_t got = 0;
    do got = ::read(pipe, &code, sizeof code);
    while (got < 0 && errno == EINTR);
    return got == sizeof code ? code : 0;
}

/// In the child, between fork and exec: only calls that are safe there. Reports errno through `failure`.
[[noreturn]] void become(char* const* arguments, char* const* environment, int input, int output, int answers,
                         int failure, int parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);  // the parent died before the signal was armed
    ::signal(SIGPIPE, SIG_DFL);               // that we ignore it is no business of the child's pipelines
    // Descriptors 0 to 3 may be in use by ours: move them out of the way first, then put each in its place.
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int high_failure = ::fcntl(failure, F_DUPFD_CLOEXEC, 10);
    const int high_input = ::fcntl(input >= 0 ? input : nothing, F_DUPFD_CLOEXEC, 10);
    const int high_output = ::fcntl(output, F_DUPFD_CLOEXEC, 10);
    const int high_answers = answers >= 0 ? ::fcntl(answers, F_DUPFD_CLOEXEC, 10) : -1;
    ::dup2(high_input, 0);
    ::dup2(high_output, 1);
    ::dup2(high_output, 2);
    if (high_answers >= 0) ::dup2(high_answers, answer_descriptor);
    ::execvpe(arguments[0], arguments, environment);
    const int code = errno;
    [[maybe_unused]] const auto written = ::write(high_failure, &code, sizeof code);
    ::_exit(127);
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
    std::vector<std::string> entries;
    for (char** entry = environ; *entry; ++entry) {
        const std::string_view text = *entry;
        if (!added.contains(std::string(text.substr(0, text.find('='))))) entries.emplace_back(text);
    }
    for (const auto& [name, value] : added) entries.push_back(name + "=" + value);
    return entries;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (std::string& text : texts) list.push_back(text.data());
    list.push_back(nullptr);
    return list;
}

}  // namespace

std::string to_string(const Exit& exit) {
    if (exit.signal != 0) return fmt::format("signal {} ({})", exit.signal, ::strsignal(exit.signal));
    if (exit.unseen) return "a closed connection";
    return fmt::format("exit code {}", exit.code);
}

Process::Process(int connection) : to_child_(::fcntl(connection, F_DUPFD_CLOEXEC, 10)), answers_(connection) {
    ::signal(SIGPIPE, SIG_IGN);
    ::fcntl(to_child_, F_SETFL, O_NONBLOCK);
}

Process::Process(Launch launch) : launch_(std::move(launch)) {
    ISOBATCH_CHECK(!launch_.command.empty(), "a process has a command");
    ::signal(SIGPIPE, SIG_IGN);  // a dead child is seen as a failed write, not as our own death
    Pipe input(launch_.speaks), answers(launch_.speaks), output(launch_.log.empty()), failure(true);
    if (!launch_.log.empty()) output.write = open_log(launch_.log);
    if (input.write >= 0) ::fcntl(input.write, F_SETFL, O_NONBLOCK);  // say() keeps its deadline
    std::vector<std::string> environment = merged_environment(launch_.environment);
    const std::vector<char*> arguments = pointers(launch_.command), entries = pointers(environment);
    const int parent = ::getpid(), child = ::fork();
    if (child == 0)
        become(arguments.data(), entries.data(), input.read, output.write, answers.write, failure.write, parent);
    int code = child < 0 ? errno : 0;
    for (int* end : {&input.read, &answers.write, &output.write, &failure.write}) close_end(*end);
    if (child > 0) code = failure_of(failure.read);
    if (code == 0) {
        pid_ = child;
        to_child_ = std::exchange(input.write, -1);
        answers_ = std::exchange(answers.read, -1);
        output_ = std::exchange(output.read, -1);
        return;
    }
    if (child > 0) ::waitpid(child, nullptr, 0);
    throw Error(fmt::format("cannot start \"{}\": {}", printable(launch_.command[0]), std::strerror(code)),
                "starting a process", "check that the program exists and may be run");
}

Process::~Process() {
    if (pid_ > 0 && !exit_) end();
    for (int* descriptor : {&to_child_, &answers_, &output_}) close_end(*descriptor);
}

void Process::stop_speaking() {
    close_end(to_child_);
}

void Process::hang_up() {
    stop_speaking();
    close_end(answers_);
}

bool Process::say(std::string_view line, Seconds deadline) {
    const auto until = Clock::now() + deadline;
    timed_out_ = false;
    const std::string text = fmt::format("{}\n", line);
    std::string_view rest = text;
    while (!rest.empty()) {
        const ssize_t written = ::write(to_child_, rest.data(), rest.size());
        if (written > 0) {
            rest.remove_prefix(static_cast<std::size_t>(written));
            continue;
        }
        if (written < 0 && errno == EINTR) continue;
        timed_out_ = written < 0 && errno == EAGAIN && Clock::now() >= until;
        if (written == 0 || errno != EAGAIN || timed_out_ || ended()) {
            close_end(to_child_);  // the next line must not go on where this one was cut
            return false;
        }
        pump(milliseconds_until(until), true);  // a child that waits to be read from does not read
    }
    return true;
}

bool Process::pump(int timeout_ms, bool until_writable) {
    // poll skips negative descriptors.
    pollfd watched[3] = {{answers_, POLLIN, 0}, {output_, POLLIN, 0}, {until_writable ? to_child_ : -1, POLLOUT, 0}};
    if (::poll(watched, 3, timeout_ms) <= 0) return answers_ >= 0 || output_ >= 0;
    char buffer[1 << 16];
    for (int i = 0; i < 2; ++i) {
        if (watched[i].revents == 0) continue;
        int& descriptor = i == 0 ? answers_ : output_;
        const ssize_t got = ::read(descriptor, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            close_end(descriptor);
            continue;
        }
        (i == 0 ? heard_ : tail_).append(buffer, static_cast<std::size_t>(got));
        if (tail_.size() > 2 * tail_bytes) tail_.erase(0, tail_.size() - tail_bytes);
    }
    return answers_ >= 0 || output_ >= 0;
}

std::optional<std::string> Process::hear(Seconds deadline) {
    const auto until = Clock::now() + deadline;
    timed_out_ = false;
    while (true) {
        if (const auto end = heard_.find('\n'); end != std::string::npos) {
            std::string line = heard_.substr(0, end);
            heard_.erase(0, end + 1);
            return line;
        }
        if (answers_ < 0 || exit_) return std::nullopt;
        if (Clock::now() >= until) {
            timed_out_ = true;
            return std::nullopt;
        }
        pump(milliseconds_until(until));
        ended();  // one that died may have left a child of its own that holds the descriptor open
    }
}

void Process::await(std::span<Process* const> processes, Seconds at_most) {
    const auto until = Clock::now() + at_most;
    std::vector<pollfd> watched;
    for (const Process* process : processes)
        for (const int descriptor : {process->answers_, process->output_}) watched.push_back({descriptor, POLLIN, 0});
    bool something = false;
    while (!something) {
        something = ::poll(watched.data(), watched.size(), milliseconds_until(until)) > 0 || Clock::now() >= until;
        for (Process* process : processes) {
            process->pump(0);
            something = process->ended() || something;
        }
    }
}

std::string Process::last_output(std::size_t lines) const {
    std::string text = tail_;
    if (!launch_.log.empty()) {
        std::ifstream file(launch_.log, std::ios::binary | std::ios::ate);
        const auto size = static_cast<std::size_t>(std::max<std::streamoff>(0, file.tellg()));
        text.resize(std::min(size, tail_bytes));
        file.seekg(static_cast<std::streamoff>(size - text.size()));
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
    }
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::vector<std::string> all = pieces(text, '\n');
    if (all.size() > lines) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(lines));
    return joined(all, "\n");
}

}  // namespace isobatch
