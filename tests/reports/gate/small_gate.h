#pragma once

#include "reports/gate/gate.h"
#include "tests/reports/small_result.h"

namespace isobatch {

/// Three right splits of one case, timed and counted on one machine; `slow` multiplies the time of the last.
inline Result small_round(double noise = 0, double slow = 1) {
    std::vector<Record> records;
    double ms = 4;
    for (const Split& split : {Split{4, 1, 1}, Split{2, 2, 1}, Split{1, 2, 2}}) {
        records.push_back(small_record("gpt", split, Outcome::equivalent));
        Cost& cost = records.back().cost;
        cost.step_ms_min = 3 * ms;
        cost.processor_ms_min = ms * (1 + noise) * (split.devices == 2 ? slow : 1);
        cost.step_ms_median = cost.processor_ms_min;
        cost.memory.peak = 1000;
        cost.machine = "x86-64, Model 9";
        cost.software = "libtorch 2.11.0";
        ms += 2;
    }
    return assemble("isobatch check gpt --effective 4", std::move(records), {"tail", "schedule", "state"}, {});
}

/// Runs of a machine that adds a little to each.
inline std::vector<Result> small_rounds(std::size_t count = 24, double slow = 1) {
    std::vector<Result> rounds;
    for (std::size_t i = 0; i < count; ++i) rounds.push_back(small_round(1e-4 * static_cast<double>(i % 3), slow));
    return rounds;
}

inline Baseline baseline_of(const std::vector<Result>& rounds) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < rounds.size(); ++i) names.push_back("run-" + std::to_string(i));
    return seen_in(rounds, names);
}

inline Baseline small_baseline() {
    return baseline_of(small_rounds());
}

}  // namespace isobatch
