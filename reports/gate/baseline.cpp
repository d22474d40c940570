#include "reports/gate/baseline.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "reports/changes.h"

namespace isobatch {

namespace {

/// Processor time where every run of every timed trial has it: whatever else the machine does is in the other one.
std::string clock_of(const std::vector<Result>& rounds) {
    bool wall = false, processor = true;
    for (const Result& round : rounds)
        for (const Record& record : round.records) {
            const bool timed = record.cost.step_ms_min > 0;
            wall |= timed;
            // A device's own work is no work of a processor.
            processor &= !timed || (record.cost.processor_ms_min > 0 && record.trial.device == "cpu");
        }
    return !wall ? "none" : processor ? "processor" : "wall";
}

void add_margin(std::vector<double>& margins, double margin) {
    if (!std::isfinite(margin)) return;
    const auto place = std::lower_bound(margins.begin(), margins.end(), margin);
    if (place == margins.end() || *place != margin) margins.insert(place, margin);
    if (margins.size() > most_margins) margins.erase(margins.begin());
}

/// Whether steps waited for a processor that others had: then their caches were others' too, and how much longer a step
/// takes depends on its split. Of 96 runs on an idle machine 4 are so disturbed, of 96 beside two builds 45.
bool disturbed(const Result& round) {
    double lasted = 0, worked = 0;
    for (const Record& record : round.records) {
        if (!(record.cost.processor_ms_min > 0) || !std::isfinite(record.cost.step_ms_median)) continue;
        lasted += record.cost.step_ms_median;
        worked += record.cost.processor_ms_min;
    }
    return lasted > 1.1 * worked;
}

void add_round(Baseline& baseline, const Result& round) {
    const bool lost = baseline.clock == "processor" && disturbed(round);
    for (std::size_t i = 0; i < round.records.size(); ++i) {
        const Record& record = round.records[i];
        Standing& standing = baseline.trials[i];
        standing.outcome = worst(standing.outcome, record.verdict.outcome);
        if (record.verdict.outcome <= Outcome::equivalent) add_margin(standing.margins, record.verdict.margin);
        const Traffic& moved = record.traffic;
        standing.traffic = {std::max(standing.traffic.calls, moved.calls),
                            std::max(standing.traffic.bytes, moved.bytes),
                            std::max(standing.traffic.exchanges, moved.exchanges)};
        standing.memory_bytes_peak = std::max(standing.memory_bytes_peak, record.cost.memory.peak);
        const double ms = baseline.clock == "processor" ? record.cost.processor_ms_min : record.cost.step_ms_min;
        standing.ms.push_back(ms > 0 && std::isfinite(ms) && !lost ? ms : 0);
    }
    if (baseline.outcome <= round.outcome) {
        baseline.outcome = round.outcome;
        baseline.summary = round.summary;
    }
    for (const std::string& cause : causes_of(round)) baseline.causes.insert(cause);
}

/// Each of the texts once, as one.
std::string all_of(const Result& round, std::string Cost::*text) {
    std::set<std::string> found;
    for (const Record& record : round.records)
        if (!(record.cost.*text).empty()) found.insert(record.cost.*text);
    return joined({found.begin(), found.end()}, " and ");
}

void require_same(const Result& first, const Result& other, const std::string& first_name, const std::string& name) {
    const auto refuse = [&](const std::string& what, const std::string& next) {
        throw Error(fmt::format("{}, as {} does not", what, printable(first_name)), printable(name), next);
    };
    const auto same = [](const Record& a, const Record& b) { return a.trial == b.trial; };
    if (!std::equal(first.records.begin(), first.records.end(), other.records.begin(), other.records.end(), same))
        refuse("holds other trials", "name runs of one command; merge the parts of one run with isobatch report first");
    if (all_of(first, &Cost::machine) != all_of(other, &Cost::machine) ||
        all_of(first, &Cost::software) != all_of(other, &Cost::software))
        refuse(fmt::format("was measured on {} with {}", printable(all_of(other, &Cost::machine)),
                           printable(all_of(other, &Cost::software))),
               "measure all runs on one machine, with the same libraries");
}

}  // namespace

Baseline seen_in(const std::vector<Result>& rounds, const std::vector<std::string>& names) {
    Baseline baseline;
    const Result& first = rounds.at(0);
    for (std::size_t i = 1; i < rounds.size(); ++i) require_same(first, rounds[i], names.at(0), names.at(i));
    baseline.command = first.command;
    baseline.machine = all_of(first, &Cost::machine);
    baseline.software = all_of(first, &Cost::software);
    baseline.clock = clock_of(rounds);
    for (const Record& record : first.records) {
        baseline.trials.push_back({record.trial});
        baseline.trials.back().repro = record.repro;
    }
    for (const Result& round : rounds) add_round(baseline, round);
    return baseline;
}

Baseline approved(const Baseline& then, Baseline now) {
    std::map<std::string, const Standing*> old;
    for (const Standing& standing : then.trials) old[to_string(standing.trial)] = &standing;
    for (Standing& standing : now.trials) {
        const auto it = old.find(to_string(standing.trial));
        // Margins of what was wrong then, or is wrong now, are no history of rounding.
        if (it != old.end() && it->second->outcome <= Outcome::equivalent && standing.outcome <= Outcome::equivalent)
            for (const double margin : it->second->margins) add_margin(standing.margins, margin);
        if (standing.ms.size() > most_rounds) standing.ms.erase(standing.ms.begin(), standing.ms.end() - most_rounds);
    }
    return now;
}

}  // namespace isobatch
