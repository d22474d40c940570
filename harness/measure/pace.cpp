#include "measure/pace.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/check.h"

namespace isobatch {

namespace {

/// Of 2,000 resamples the one that 2 in 1,000 lie beyond, on either side: 4 resamples are enough to place it.
constexpr std::size_t resamples = 2000, beyond = 4;

struct Least {
    double ms = std::numeric_limits<double>::infinity(), pace_ms = std::numeric_limits<double>::infinity();

    void take(const Lap& lap) {
        ms = std::min(ms, lap.ms);
        pace_ms = std::min(pace_ms, lap.pace_ms);
    }
    double ratio() const { return ms / pace_ms; }
};

double ratio_of(std::span<const Lap> laps) {
    Least least;
    for (const Lap& lap : laps) least.take(lap);
    return least.ratio();
}

double resampled(std::span<const Lap> laps, Random& random) {
    Least least;
    for (std::size_t i = 0; i < laps.size(); ++i) least.take(laps[random.below(laps.size())]);
    return least.ratio();
}

}  // namespace

Slowdown slowdown(std::span<const Lap> then, std::span<const Lap> now, Seed seed) {
    ISOBATCH_CHECK(!then.empty() && !now.empty(), "both sides of a comparison have laps");
    Random random(seed);
    std::vector<double> ratios;
    for (std::size_t i = 0; i < resamples; ++i) ratios.push_back(resampled(now, random) / resampled(then, random));
    std::sort(ratios.begin(), ratios.end());
    return {ratio_of(now) / ratio_of(then), ratios[beyond], ratios[resamples - 1 - beyond]};
}

Comparison compare_laps(std::span<const Lap> then, std::span<const Lap> now, Seed seed) {
    Comparison comparison;
    const std::size_t least = 2 * least_laps;  // a half, and the half that confirms it
    comparison.then_missing = least - std::min(least, then.size());
    comparison.now_missing = least - std::min(least, now.size());
    if (then.empty() || now.empty()) return comparison;
    comparison.slowdown = slowdown(then, now, seed);
    if (comparison.then_missing + comparison.now_missing > 0) return comparison;
    const auto shows = [&](std::span<const Lap> earlier, std::span<const Lap> later) {
        const Slowdown found = slowdown(earlier, later, seed);
        return found.low > 1 && found.ratio > slowdown_tolerated;
    };
    // The second half confirms the first; against either half of the earlier runs, so that no lucky one convicts.
    const std::size_t then_half = then.size() / 2, now_half = now.size() / 2;
    bool slower = true;
    for (const auto earlier : {then.first(then_half), then.subspan(then_half)})
        for (const auto later : {now.first(now_half), now.subspan(now_half)}) slower &= shows(earlier, later);
    if (slower)
        comparison.answer = Throughput::slower;
    else if (comparison.slowdown->high < slowdown_found && comparison.slowdown->ratio <= slowdown_tolerated)
        comparison.answer = Throughput::held;
    return comparison;
}

std::string to_string(Throughput throughput) {
    switch (throughput) {
        case Throughput::held:
            return "held";
        case Throughput::undecided:
            return "undecided";
        case Throughput::slower:
            return "slower";
    }
    broken_promise("throughput", "unknown answer", __FILE__, __LINE__);
}

}  // namespace isobatch
