#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "diagnose/record.h"
#include "supervise/process.h"

namespace isobatch {

/// Starts the worker program and hears its greeting. Throws Error when it does not greet as it should.
std::unique_ptr<Process> start_worker(const std::string& program, const std::filesystem::path& out, bool keep_traces);

/// Misuse that the worker found in what it was asked.
Error misuse_from(const Json& error);

/// The worker process behind the line protocol: started when first needed, and again after it died. Whatever it does,
/// each trial ends as one record; what it answers is as hostile as a file.
class Worker {
public:
    Worker(std::string program, std::filesystem::path out, bool keep_traces, double deadline_s)
        : program_(std::move(program)), out_(std::move(out)), keep_traces_(keep_traces), deadline_(deadline_s) {}

    /// Hands over a trial; finish() must come before the next. Throws Error when no worker can be started.
    void begin(const Trial& trial);
    /// Waits for its record. Throws Error when the worker refuses the trial as misuse.
    Record finish();

private:
    Record crash(const std::string& why);

    std::string program_;
    std::filesystem::path out_;
    bool keep_traces_;
    Process::Seconds deadline_;
    std::unique_ptr<Process> process_;
    Trial trial_;
    bool heard_out_ = false;  ///< the worker took the line
};

}  // namespace isobatch
