#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "base/seed.h"

namespace isobatch {

/// A trial's fastest step in one run, and that of the trial which it is compared with there: what a machine does to
/// both cancels.
struct Lap {
    double ms = 0, pace_ms = 0;
};

/// How many times as long as before, with the interval in which the resampled runs have it.
struct Slowdown {
    double ratio = 1, low = 1, high = 1;
};

/// What must be found: a step that takes 1.05 times as long.
inline constexpr double slowdown_found = 1.05;
/// Below this it is none. The square root: as far, on the scale of ratios, from nothing as from what must be found.
inline constexpr double slowdown_tolerated = 1.0247;
/// Runs on either side of one comparison. Of n runs there are C(2n - 1, n) different resamples, of 4 on both sides
/// 35² = 1,225: fewer could not show what happens once in 1,000 times.
inline constexpr std::size_t least_laps = 4;

/// The fastest of all laps against the fastest of all paces, now ÷ then. Neither side may be empty.
Slowdown slowdown(std::span<const Lap> then, std::span<const Lap> now, Seed seed);

enum class Throughput { held, undecided, slower };

struct Comparison {
    Throughput answer = Throughput::undecided;
    std::optional<Slowdown> slowdown;               ///< nothing where a side has no lap
    std::size_t then_missing = 0, now_missing = 0;  ///< how many more runs an answer takes
};

/// `slower` where the first half of the laps and, as confirmation, the second half show it, against either half of the
/// earlier ones; `held` where all together exclude what must be found; else `undecided`.
Comparison compare_laps(std::span<const Lap> then, std::span<const Lap> now, Seed seed);

std::string to_string(Throughput throughput);

}  // namespace isobatch
