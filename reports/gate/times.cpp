#include "reports/gate/times.h"

#include <algorithm>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "measure/slowdown.h"

namespace isobatch {

namespace {

bool timed(const Baseline& baseline) {
    return baseline.clock != "none";
}

std::string interval(const Slowdown& slowdown) {
    return fmt::format("{:.3f} times as long ({:.3f} to {:.3f})", slowdown.ratio, slowdown.low, slowdown.high);
}

/// The fastest step, and how many runs there were to choose from.
std::string fastest(const Standing& trial, const std::string& clock) {
    double least = std::numeric_limits<double>::infinity();
    std::size_t runs = 0;
    for (const double ms : trial.ms)
        if (ms > 0) least = std::min(least, ms), ++runs;
    if (runs == 0) return "not timed";
    return fmt::format("{:.4g} ms a step ({} time, {} run{})", least, clock, runs, runs == 1 ? "" : "s");
}

/// A trial that was there then and is now.
struct Pair {
    const Standing *then, *now;
};

/// Of the runs in which all of them were timed.
Times times_of(const std::vector<Pair>& trials, const Standing* Pair::*side) {
    Times times(trials.size());
    for (std::size_t run = 0; run < (trials[0].*side)->ms.size(); ++run) {
        const auto timed = [&](const Pair& one) { return run < (one.*side)->ms.size() && (one.*side)->ms[run] > 0; };
        if (!std::all_of(trials.begin(), trials.end(), timed)) continue;
        for (std::size_t i = 0; i < trials.size(); ++i) times[i].push_back((trials[i].*side)->ms[run]);
    }
    return times;
}

std::size_t missing(const Times& times) {
    return least_runs - std::min(least_runs, times[0].size());
}

/// The trials of one matrix that were timed on both sides.
void judge_matrix(Gate& gate, const Baseline& then, const Baseline& now, const std::vector<Pair>& trials) {
    const Times earlier = times_of(trials, &Pair::then), later = times_of(trials, &Pair::now);
    const auto undecided = [&](Difference difference) {
        gate.undecided.push_back(std::move(difference));
        gate.then_missing = std::max(gate.then_missing, missing(earlier));
        gate.now_missing = std::max(gate.now_missing, missing(later));
    };
    const auto difference_of = [&](const Pair& one, const std::string& after) {
        return Difference{Aspect::throughput, to_string(one.now->trial), fastest(*one.then, then.clock),
                          fmt::format("{}, {}", fastest(*one.now, now.clock), after), one.now->repro};
    };
    if (earlier[0].empty() || later[0].empty()) {
        for (const Pair& one : trials) undecided(difference_of(one, "never in one run with all the others"));
        return;
    }
    const Comparisons compared = compare_times(earlier, later, Seed{1}.split(matrix_of(trials[0].now->trial)));
    for (std::size_t i = 0; i < trials.size(); ++i) {
        const auto& [answer, slowdown] = compared.beside[i];
        const Difference difference = difference_of(
            trials[i],
            fmt::format("{} {}", interval(slowdown), trials.size() == 1 ? "by itself" : "beside the other splits"));
        if (answer == Throughput::slower) gate.regressed.push_back(difference);
        if (answer == Throughput::undecided) undecided(difference);
    }
    if (trials.size() > 1 && compared.all.answer == Throughput::slower)
        undecided({Aspect::throughput, "", fmt::format("{} splits", trials.size()),
                   fmt::format("{} all alike: the machine, or the program", interval(compared.all.slowdown)),
                   now.command});
}

}  // namespace

void judge_times(Gate& gate, const Baseline& then, const Baseline& now) {
    if (!timed(then) && !timed(now)) {
        gate.notes.emplace_back("throughput is not judged: neither run recorded times");
        return;
    }
    if (then.machine != now.machine || then.software != now.software || then.clock != now.clock) {
        const auto source = [](const Baseline& one) { return fmt::format("{}, {} time", one.machine, one.clock); };
        gate.undecided.push_back({Aspect::throughput, "", source(then), source(now), now.command});
        gate.foreign = true;
        return;
    }
    std::map<std::string, const Standing*> before;
    for (const Standing& trial : then.trials) before[to_string(trial.trial)] = &trial;
    std::vector<std::vector<Pair>> matrices;
    for (const Standing& trial : now.trials) {
        const auto old = before.find(to_string(trial.trial));
        if (old == before.end()) continue;  // is said already
        const Pair pair{old->second, &trial};
        const auto never = [](const Standing& one) {
            return std::none_of(one.ms.begin(), one.ms.end(), [](double ms) { return ms > 0; });
        };
        if (never(*pair.then) || never(trial)) {
            gate.undecided.push_back({Aspect::throughput, to_string(trial.trial), fastest(*pair.then, then.clock),
                                      fastest(trial, now.clock), trial.repro});
        } else if (matrices.empty() || matrix_of(matrices.back()[0].now->trial) != matrix_of(trial.trial)) {
            matrices.push_back({pair});
        } else {
            matrices.back().push_back(pair);
        }
    }
    for (const std::vector<Pair>& matrix : matrices) judge_matrix(gate, then, now, matrix);
}

}  // namespace isobatch
