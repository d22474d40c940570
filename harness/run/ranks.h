#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "run/forcing.h"
#include "run/recorder.h"
#include "run/setup.h"
#include "supervise/job.h"
#include "trace/trace.h"

namespace isobatch {

/// One rank after another of trials whose ranks are processes. Keeps the reference that it read until another is named.
class Ranks {
public:
    explicit Ranks(Plant plant, Recorder::Beats beats = nullptr) : plant_(std::move(plant)), beats_(std::move(beats)) {}

    /// Throws Error when the trial cannot be run as it is asked for.
    Setup plan(const Job& job) const;
    /// Trains, writes the rank's folder of the trace and returns what its manifest says. Throws what the case, c10d or
    /// the disk throw.
    std::string run(const Setup& setup, const Job& job);

private:
    struct Reference {
        std::string directory;
        Trace trace;
        Forcing forcing;
        std::string digest;
    };
    const Reference& reference_in(const std::string& directory);

    Plant plant_;
    Recorder::Beats beats_;
    std::unique_ptr<const Reference> reference_;
};

}  // namespace isobatch
