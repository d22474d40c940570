#include "reports/gate/times.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "measure/pace.h"

namespace isobatch {

namespace {

bool timed(const Baseline& baseline) {
    return baseline.clock != "none";
}

std::string interval(const Comparison& comparison) {
    if (!comparison.slowdown) return "not timed";
    const auto& [ratio, low, high] = *comparison.slowdown;
    return fmt::format("{:.3f} times as long ({:.3f} to {:.3f})", ratio, low, high);
}

/// The fastest step, and how many there were to choose from.
std::string fastest(const std::vector<Lap>& laps, const std::string& clock) {
    if (laps.empty()) return "not timed";
    const auto least =
        std::min_element(laps.begin(), laps.end(), [](const Lap& a, const Lap& b) { return a.ms < b.ms; });
    return fmt::format("{:.4g} ms a step ({} time, {} run{})", least->ms, clock, laps.size(),
                       laps.size() == 1 ? "" : "s");
}

/// Its own times, compared with nothing beside them.
std::vector<Lap> alone(std::vector<Lap> laps) {
    for (Lap& lap : laps) lap.pace_ms = 1;
    return laps;
}

}  // namespace

void judge_times(Gate& gate, const Baseline& then, const Baseline& now) {
    if (!timed(then) && !timed(now)) {
        gate.notes.push_back("throughput is not judged: neither run recorded times");
        return;
    }
    if (then.machine != now.machine || then.software != now.software || then.clock != now.clock) {
        const auto source = [](const Baseline& one) { return fmt::format("{}, {} time", one.machine, one.clock); };
        gate.undecided.push_back({Aspect::throughput, "", source(then), source(now), now.command});
        gate.foreign = true;
        return;
    }
    std::map<std::string, std::size_t> before;
    for (std::size_t i = 0; i < then.trials.size(); ++i) before[to_string(then.trials[i].trial)] = i;
    for (std::size_t i = 0; i < now.trials.size(); ++i) {
        const std::string trial = to_string(now.trials[i].trial);
        const auto old = before.find(trial);
        if (old == before.end()) continue;  // is said already
        const bool pace = pace_of(now, i) == i;
        // A ratio to another trial than before says nothing.
        if (!pace && !(then.trials[pace_of(then, old->second)].trial == now.trials[pace_of(now, i)].trial)) {
            gate.undecided.push_back(
                {Aspect::throughput, trial, "timed beside another split", "not compared", now.command});
            continue;
        }
        const std::vector<Lap> earlier = laps_of(then, old->second), later = laps_of(now, i);
        const Comparison compared = pace ? compare_laps(alone(earlier), alone(later), Seed{1}.split(trial))
                                         : compare_laps(earlier, later, Seed{1}.split(trial));
        const Difference difference{
            Aspect::throughput, trial, fastest(earlier, then.clock),
            fmt::format("{}, {}{}", fastest(later, now.clock), interval(compared),
                        pace ? " by itself" : " beside " + to_string(now.trials[pace_of(now, i)].trial.split)),
            now.trials[i].repro};
        if (compared.answer == Throughput::slower && !pace)
            gate.regressed.push_back(difference);
        else if (compared.answer == Throughput::slower || (compared.answer == Throughput::undecided && !pace)) {
            gate.undecided.push_back(difference);
            gate.then_missing = std::max(gate.then_missing, compared.then_missing);
            gate.now_missing = std::max(gate.now_missing, compared.now_missing);
        }
    }
}

}  // namespace isobatch
