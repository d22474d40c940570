#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/placeholders.h"
#include "plan/trial.h"
#include "supervise/process.h"

namespace isobatch {

/// The user's command and what it is given.
struct OutsideCommand {
    std::vector<std::string> words;
    std::vector<std::string> environment;  ///< `KEY=VALUE`
    std::filesystem::path config;          ///< a file that is filled for each split; empty for none
    std::filesystem::path directory;       ///< of the run: traces, logs and a folder for each split
    std::string level;                     ///< empty: as the recorder finds the model to be large
    bool follow = false;                   ///< each window of every other split starts from the reference's state
    int steps = 0;                         ///< 0: one window past the first epoch's edge, at most eight
    double deadline_s = 600;
};

/// Throws Error unless something that the script reads has {per_device} and {accum}, every placeholder is known, and
/// somebody starts the ranks of each split.
void require_startable(const OutsideCommand& command, const std::vector<Split>& splits);

/// Where the reference leaves its states, for as long as others follow.
std::filesystem::path states_of(const OutsideCommand& command);

/// One run of the script under one split, and what came of it.
class OutsideRun {
public:
    OutsideRun(const OutsideCommand& command, const Split& split, bool reference);

    void start();
    void wait();

    /// Empty when it recorded a window and, where it ended by itself, ended well.
    std::string failure() const;
    std::string last_output() const { return process_->last_output(4); }

    const Trial& trial() const { return trial_; }
    const std::filesystem::path& trace() const { return trace_; }
    const std::filesystem::path& log() const { return log_; }

private:
    const OutsideCommand* command_;
    bool reference_;
    Trial trial_;
    std::filesystem::path trace_, log_;
    std::unique_ptr<Process> process_;
    Exit exit_;
    bool timed_out_ = false;
};

}  // namespace isobatch
