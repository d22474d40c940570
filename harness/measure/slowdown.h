#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/seed.h"

namespace isobatch {

/// The fastest step of every trial of a matrix in every run, in ms, [trial][run]; all above 0, in runs in which all
/// were timed.
using Times = std::vector<std::vector<double>>;

/// How many times as long as before, with the interval in which the resampled runs have it.
struct Slowdown {
    double ratio = 1, low = 1, high = 1;
};

/// What must be found: a step that takes 1.05 times as long.
inline constexpr double slowdown_found = 1.05;
/// Below this it is none. The square root: as far, on the scale of ratios, from nothing as from what must be found.
inline constexpr double slowdown_tolerated = 1.0247;
/// Runs on either side of one comparison: as few as find 95 in 100 steps that take 1.05 times as long, and call 1 in
/// 1,000 right ones slower at most (reports/published/gate.md).
inline constexpr std::size_t least_runs = 24;
/// Others in the matrix that outvote one that changed as well. Of fewer, one that became faster would make its
/// neighbours look slower.
inline constexpr std::size_t least_others = 3;

enum class Throughput { held, undecided, slower };

struct Comparison {
    Throughput answer = Throughput::undecided;
    Slowdown slowdown;
};

/// What the times of a matrix say. What slows all splits alike may be the machine: it convicts no split.
struct Comparisons {
    std::vector<Comparison> beside;  ///< of each trial, as a ratio to how the middle one of the others changed
    Comparison all;                  ///< of the middle one of all
};

/// The same trials, then and now; neither may be without a run. A time is the mean of the faster half of the runs, on
/// the scale of ratios: nearly as steady as the mean, and deaf to what disturbs a run, which only makes it longer.
/// `slower` where the whole shows it beyond chance and, as confirmation, each half of the runs half as much against
/// either half of the earlier ones; `held` where the whole excludes what must be found; else `undecided`.
Comparisons compare_times(const Times& then, const Times& now, Seed seed);

std::string to_string(Throughput throughput);

}  // namespace isobatch
