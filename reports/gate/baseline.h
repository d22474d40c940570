#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "diagnose/result.h"

namespace isobatch {

/// What was seen of one trial, in all runs together.
struct Standing {
    Trial trial;
    Outcome outcome = Outcome::identical;  ///< the worst
    std::vector<double> margins;           ///< every one that was seen while it was right; ascending, each once
    Traffic traffic;                       ///< the most
    std::int64_t memory_bytes_peak = 0;    ///< the most; 0: not measured
    std::vector<double> ms;                ///< fastest step of each run; 0 where it was not measured, or disturbed
    std::string repro;                     ///< the command that repeats it; none in a file
};

/// What runs of one matrix looked like: what was approved, and in the same form what is held against it.
struct Baseline {
    std::string command;  ///< that repeats a run
    Outcome outcome = Outcome::identical;
    std::string summary;                   ///< the answer of the worst run
    std::string machine, software, clock;  ///< where the times come from; clock: `processor`, `wall` or `none`
    std::set<std::string> causes;          ///< as in Changes
    std::vector<Standing> trials;          ///< in the order of before()
};

/// How many margins a trial's history keeps; beyond it the smallest go, since only the largest decides.
inline constexpr std::size_t most_margins = 16;
/// How many runs a baseline keeps the times of: the later ones.
inline constexpr std::size_t most_rounds = 64;

/// A round is the result of one run. Throws Error when two rounds hold different trials or come from different
/// machines; `names` says which round is which.
Baseline seen_in(const std::vector<Result>& rounds, const std::vector<std::string>& names);

/// What is approved: `now`, with the margins that `then` saw of trials that were right then and still are.
Baseline approved(const Baseline& then, Baseline now);

}  // namespace isobatch
