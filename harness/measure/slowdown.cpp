#include "measure/slowdown.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace isobatch {

namespace {

/// Of 2,000 resamples the one that 2 in 1,000 lie beyond, on either side: 4 resamples are enough to place it.
constexpr std::size_t resamples = 2000, beyond = 4;

/// A trial's times on the scale of ratios, and the order of its runs from the fastest: so that a resample is counted
/// instead of sorted.
struct Sorted {
    std::vector<double> logs;
    std::vector<std::size_t> order;

    explicit Sorted(const std::vector<double>& ms) : order(ms.size()) {
        for (const double one : ms) logs.push_back(std::log(one));
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return logs[a] < logs[b]; });
    }

    /// The mean of the faster half of the runs of which each is there so many times.
    double of(const std::vector<int>& times) const {
        const int wanted = std::max(1, std::accumulate(times.begin(), times.end(), 0) / 2);
        int taken = 0;
        double sum = 0;
        for (std::size_t i = 0; i < order.size() && taken < wanted; ++i) {
            const int more = std::min(times[order[i]], wanted - taken);
            sum += more * logs[order[i]];
            taken += more;
        }
        return sum / wanted;
    }
};

using Side = std::vector<Sorted>;

Side sorted(const Times& times) {
    return Side(times.begin(), times.end());
}

/// How much longer each trial takes by itself, as logarithms, where the runs of the two sides are there so many times.
std::vector<double> changes_of(const Side& then, const Side& now, const std::vector<int>& then_times,
                               const std::vector<int>& now_times) {
    std::vector<double> all;
    for (std::size_t i = 0; i < then.size(); ++i) all.push_back(now[i].of(now_times) - then[i].of(then_times));
    return all;
}

/// Each one beside the middle one of the others (0 where there is none), and behind them the middle one of all.
std::vector<double> beside_the_others(const std::vector<double>& changes) {
    std::vector<double> sorted = changes;
    std::sort(sorted.begin(), sorted.end());
    /// The middle one, or the mean of the two, of those that are left without the one at `out`.
    const auto middle = [&](std::size_t out) {
        const std::size_t left = sorted.size() - (out < sorted.size() ? 1 : 0);
        const auto at = [&](std::size_t i) { return sorted[i < out ? i : i + 1]; };
        return left == 0 ? 0 : (at((left - 1) / 2) + at(left / 2)) / 2;
    };
    std::vector<double> result;
    for (const double change : changes) {
        const auto place = std::lower_bound(sorted.begin(), sorted.end(), change) - sorted.begin();
        result.push_back(change - middle(static_cast<std::size_t>(place)));
    }
    result.push_back(middle(sorted.size()));
    return result;
}

std::vector<int> resampled(std::size_t runs, Random& random) {
    std::vector<int> times(runs, 0);
    for (std::size_t i = 0; i < runs; ++i) ++times[random.below(runs)];
    return times;
}

/// Of so many runs the first half, or the others.
std::vector<int> half_of(std::size_t runs, bool first) {
    std::vector<int> times(runs, 0);
    for (std::size_t i = 0; i < runs; ++i) times[i] = (i < runs / 2) == first;
    return times;
}

std::vector<int> all_of(std::size_t runs) {
    return std::vector<int>(runs, 1);
}

/// One of them, in every resample.
Slowdown slowdown_of(double change, std::vector<double> in_resamples) {
    std::sort(in_resamples.begin(), in_resamples.end());
    return {std::exp(change), std::exp(in_resamples[beyond]), std::exp(in_resamples[resamples - 1 - beyond])};
}

Throughput answer_of(const Slowdown& slowdown, double least_of_halves, bool long_enough) {
    if (!long_enough) return Throughput::undecided;
    if (slowdown.ratio > slowdown_tolerated && slowdown.low > 1 && least_of_halves > std::log(slowdown_tolerated) / 2)
        return Throughput::slower;
    return slowdown.high < slowdown_found && slowdown.ratio <= slowdown_tolerated ? Throughput::held
                                                                                  : Throughput::undecided;
}

}  // namespace

Comparisons compare_times(const Times& then, const Times& now, Seed seed) {
    ISOBATCH_CHECK(!then.empty() && then.size() == now.size() && !then[0].empty() && !now[0].empty(),
                   "both sides of a comparison have times of the same trials");
    const Side earlier = sorted(then), later = sorted(now);
    const std::size_t then_runs = then[0].size(), now_runs = now[0].size(), trials = then.size();
    const auto beside = [&](const std::vector<int>& then_times, const std::vector<int>& now_times) {
        return beside_the_others(changes_of(earlier, later, then_times, now_times));
    };
    const std::vector<double> alone = changes_of(earlier, later, all_of(then_runs), all_of(now_runs));
    const std::vector<double> whole = beside_the_others(alone);

    std::vector<std::vector<double>> drawn(whole.size());
    Random random(seed);
    for (std::size_t i = 0; i < resamples; ++i) {
        const std::vector<int> then_times = resampled(then_runs, random);
        const std::vector<double> one = beside(then_times, resampled(now_runs, random));
        for (std::size_t t = 0; t < one.size(); ++t) drawn[t].push_back(one[t]);
    }
    const bool enough = std::min(then_runs, now_runs) >= least_runs;
    std::vector<double> least = whole;
    for (const bool first_then : {true, false})
        for (const bool first_now : {true, false}) {
            if (!enough) continue;
            const std::vector<double> half = beside(half_of(then_runs, first_then), half_of(now_runs, first_now));
            for (std::size_t t = 0; t < half.size(); ++t) least[t] = std::min(least[t], half[t]);
        }

    std::vector<Comparison> found;
    for (std::size_t t = 0; t < whole.size(); ++t) {
        const Slowdown slowdown = slowdown_of(whole[t], std::move(drawn[t]));
        found.push_back({answer_of(slowdown, least[t], enough), slowdown});
    }
    Comparisons result{std::move(found), {}};
    result.all = result.beside.back();
    result.beside.pop_back();
    for (std::size_t t = 0; t < trials; ++t) {
        Comparison& one = result.beside[t];
        if (trials == 1) one = result.all;  // nothing is beside it
        // With few beside it, it has to be slower by itself too; and alone it is never slower than the machine.
        if (one.answer == Throughput::slower && trials <= least_others &&
            (trials == 1 || alone[t] <= std::log(slowdown_tolerated)))
            one.answer = Throughput::undecided;
    }
    return result;
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
