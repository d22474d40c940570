#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "diagnose/examine.h"
#include "run/forcing.h"
#include "run/recorder.h"
#include "run/reference.h"
#include "run/setup.h"
#include "run/trajectory.h"
#include "run/twins.h"
#include "trace/trace.h"

namespace isobatch {

/// Which traces are written.
struct Keep {
    std::filesystem::path directory;  ///< the run directory; empty: none
    bool all = false;                 ///< otherwise only the reference and what is not equivalent
};

/// Runs candidates against one reference, which is made once and kept until a trial needs another.
class Matrix {
public:
    Matrix(Plant plant, Keep keep, Recorder::Beats beats = nullptr)
        : plant_(std::move(plant)), keep_(std::move(keep)), beats_(std::move(beats)) {}

    /// Runs, judges and, where it is not equivalent, decodes. Throws Error for a trial that cannot be run here.
    Record run(const Trial& trial);
    /// Writes the trial's reference, for ranks that are processes of their own.
    void write_reference(const Trial& trial, const std::filesystem::path& directory, bool by_units = false);

private:
    struct Reference {
        Trial trial;
        Columns columns;
        Trace trace;
        Examiner examiner;
        Forcing forcing;
        bool written = false;
    };
    /// One that holds more columns than these serves as well.
    Reference& reference_for(const Trial& trial, Columns columns = Columns::samples);
    std::string write(Reference& reference, const Trace& candidate, const Trial& trial) const;

    Plant plant_;
    Keep keep_;
    Recorder::Beats beats_;
    std::unique_ptr<Reference> reference_;
};

/// One run of a trial under the serial engine, whose trace holds these twins and losses too. `forcing` may be null
/// (free running).
Trace run_trial(const Setup& setup, Level level, const Forcing* forcing, std::optional<std::string> follows,
                Recorder::Beats beats = nullptr, Twins twins = {}, FreeLosses free_losses = {});

}  // namespace isobatch
