#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/error.h"
#include "diagnose/record.h"
#include "supervise/job.h"
#include "supervise/process.h"

namespace isobatch {

/// How long isobatch waits, in seconds.
struct Deadlines {
    double start = 60;   ///< for a worker's greeting, and for a rank's first step
    double step = 300;   ///< for the next sign of life of a rank
    double trial = 600;  ///< for a whole trial
};

/// How every worker is started.
struct WorkerProgram {
    std::string program;
    std::filesystem::path out;  ///< run directory
    bool keep_traces = false;
    Deadlines deadlines;
};

/// A worker that was killed or hung before it greeted: a crash, where a program that is no worker is misuse.
struct LostAtStart : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Starts some workers, all at once, and hears their greetings. Throws LostAtStart, or Error when one does not greet as
/// it should.
std::vector<std::unique_ptr<Process>> start_workers(const WorkerProgram& program, std::size_t count);

/// What a worker answers in the end, past its beats; why is said where it does not.
struct Answer {
    std::optional<std::string> line;
    bool late = false;  ///< it lives, but a deadline passed
    std::string why;    ///< empty with a line
};
Answer hear_answer(Process& process, const Deadlines& deadlines);

/// Where the worker was when a deadline passed, and which one.
std::string too_late(const Beat& beat, const Deadlines& deadlines, bool whole_trial);

/// Hands a worker's answer to `take`. What is wrong with the answer, as a sentence; empty when nothing is. Throws Error
/// when the answer is that it was asked for misuse.
std::string take_reply(const std::string& line, const std::function<void(const Json& reply)>& take);

/// `why; its last lines: …`, where the process printed any.
std::string with_last_lines(const std::string& why, const Process& process);

/// The worker process behind the line protocol: started when first needed, and again after it died. Whatever it does,
/// each trial ends as one record; what it answers is as hostile as a file.
class Worker {
public:
    explicit Worker(WorkerProgram program) : program_(std::move(program)) {}

    /// Hands over a trial; finish() must come before the next. Throws Error when no worker can be started.
    void begin(const Trial& trial);
    /// Waits for its record. Throws Error when the worker refuses the trial as misuse.
    Record finish();

private:
    Record crash(const std::string& why);

    WorkerProgram program_;
    std::unique_ptr<Process> process_;
    Trial trial_;
    bool heard_out_ = false;  ///< the worker took the line
    std::string lost_;        ///< why it could not even start
};

}  // namespace isobatch
