#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "plan/recipe.h"
#include "plan/split.h"

namespace isobatch {

/// How many scored units the rows of the data set have. `equal` also makes the data set a whole number of windows, so
/// that no two micros differ in their count: data on which a weighting fault cannot show.
enum class Lengths { ragged, equal };

std::string to_string(Lengths lengths);
Lengths parse_lengths(std::string_view text);

inline constexpr std::int64_t max_copies = 1024;
inline constexpr int max_threads = 256;
inline constexpr int max_trusted_runs = 256;

/// What a trial may step with instead of its case's own optimizer.
inline constexpr std::array<std::string_view, 5> optimizers{"sgd", "momentum", "nesterov", "adam", "adamw"};

/// One execution. Its text form names every choice, so it is the id and, after `isobatch check`, the command that
/// reruns it.
struct Trial {
    std::string subject = "gpt";  ///< the case
    Split split{16, 1, 1};
    std::string engine = "serial";
    std::string device = "cpu";
    Recipe recipe = Recipe::fp64;
    std::uint64_t seed = 1;
    std::int64_t samples = 43;  ///< size of the data set
    Lengths lengths = Lengths::ragged;
    int epochs = 2;
    std::string fault;        ///< id of a planted fault; empty: none
    int copies = 1;           ///< ranks for each of the split's devices, which hold the same samples
    std::string optimizer;    ///< one of `optimizers`; empty: the case's own
    int threads = 1;          ///< that an operator may use
    std::string identities;   ///< tried on each judged window, as parse_identities reads them; empty: none
    int trajectory = 0;       ///< also run following nothing, beside so many trusted runs that do; 0: not
    std::int64_t memory = 0;  ///< bytes that the tensors of one rank may hold at a time; 0: as many as there are
    int restart = 0;          ///< updates after which the run ends and another goes on from what it kept; 0: none

    bool operator==(const Trial&) const = default;
};

/// `gpt --splits 4x4x1 --engine serial …`
std::string to_string(const Trial& trial);

/// The inverse of to_string. Throws Error naming the option.
Trial parse_trial(std::string_view text);

/// A file name: readable, and unique through a digest of the text form.
std::string file_name(const Trial& trial);

/// What a trial is compared with: the single large batch without a fault. Where a micro couples its samples, the same
/// micros without one, all in one place.
Trial reference_of(const Trial& trial, bool couples_samples);

/// The name of its trace, without .trace; of one that also has the gradient of each unit another.
std::string reference_name(const Trial& reference, bool by_units);

/// The text form with the split left out: the trials of one matrix share it.
std::string matrix_of(const Trial& trial);

/// By matrix, then from the largest per_device and accum down: the order in which splits are enumerated.
bool before(const Trial& a, const Trial& b);

/// The default size of the data set: 2 11/16 windows, 43 samples for 16, so that the third window of an epoch is
/// ragged. Whole windows for equal lengths.
std::int64_t default_samples(std::int64_t effective, Lengths lengths);

}  // namespace isobatch
