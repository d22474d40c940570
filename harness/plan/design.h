#pragma once

#include <array>
#include <string>
#include <vector>

#include "plan/trial.h"

namespace isobatch {

/// What a covering draws beside case and split, as options of a trial.
inline constexpr std::array drawn_options{"--recipe", "--optimizer", "--lengths", "--threads", "--samples"};

/// Trials between which any `strength` choices of case, split, recipe, optimizer, lengths and threads (one or two) meet
/// in one at least; all else is as in `common`, and the data set has its default size. The order of cases and splits
/// does not matter.
std::vector<Trial> covering_trials(std::vector<std::string> subjects, std::vector<Split> splits, const Trial& common,
                                   int strength);

/// Every case with every split.
std::vector<Trial> every_trial(const std::vector<std::string>& subjects, const std::vector<Split>& splits,
                               const Trial& common);

/// What `--shard 2/5` leaves: every fifth trial, from the second on, so that each shard holds splits of every kind.
std::vector<Trial> shard_of(const std::vector<Trial>& trials, const std::string& shard);

/// A text form without the choices of drawn_options.
std::string undrawn(const Trial& trial);

/// How many trials each with each would be.
double all_trials(std::size_t subjects, std::size_t splits);

}  // namespace isobatch
