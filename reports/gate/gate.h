#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "reports/gate/baseline.h"

namespace isobatch {

/// What of a run is held against its baseline. `run`: the answer of the whole; `trial`: that it is there at all.
enum class Aspect { run, trial, outcome, cause, margin, collectives, memory, throughput };

std::string to_string(Aspect aspect);

/// One thing that is not as the baseline has it.
struct Difference {
    Aspect aspect = Aspect::run;
    std::string trial;          ///< text form; empty: not about one trial
    std::string before, after;  ///< the two values, for people
    std::string repro;          ///< the command that repeats it
};

/// A run held against its baseline.
struct Gate {
    std::vector<Difference> regressed, undecided, better;
    std::vector<std::string> notes;                 ///< what is not comparable, and why
    std::vector<std::string> allowed;               ///< aspects that may stay undecided, by name
    std::size_t trials = 0;                         ///< of the run
    std::size_t then_missing = 0, now_missing = 0;  ///< more runs that an answer on throughput takes
    bool foreign = false;                           ///< times cannot be compared with this baseline's at all
    bool crashed = false;                           ///< a trial crashed that did not before
    std::string command;                            ///< that measures once more

    int exit_code() const;
    /// The answer in a sentence.
    std::string summary() const;
    /// Whether all that is undecided may stay so.
    bool open() const;
};

/// Structure is judged against any baseline of these trials: outcomes, causes, margins, collectives; memory against one
/// with the same libraries, throughput against one of the same machine too. Throws Error for an unknown name in
/// `allowed`, and where the two share no trial.
Gate gate(const Baseline& then, const Baseline& now, const std::vector<std::string>& allowed);

/// As reports/gate.schema.json has it.
Json to_json(const Gate& gate);

}  // namespace isobatch
