#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/commands.h"
#include "plan/trial.h"

namespace isobatch {

/// What is searched: the largest micro-batch that a training can afford.
struct Search {
    Trial trial;                ///< all but the split
    std::vector<Split> splits;  ///< of one number of devices, from the largest per_device down
    std::string command;        ///< that repeats it
    std::string runner;         ///< worker program; empty: isobatch-run beside this program
    Output output;              ///< its trials are a run directory
};

/// Trains some of the splits, each in the trial's memory, and prints what they took. Returns the exit code. Throws
/// Error where none of them fits.
int search(const Search& search);

}  // namespace isobatch
