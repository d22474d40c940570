#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "diagnose/record.h"
#include "supervise/process.h"

namespace isobatch {

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
    void start();
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
