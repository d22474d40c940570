#include "measure/cost.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace isobatch {

namespace {

/// One step of all ranks, which run at the same time, or each carries the time of all (serial engine).
struct Lap {
    double ms = 0, processor_ms = 0;
    std::size_t samples = 0;
};

std::vector<Lap> laps_of(const Trace& trace) {
    std::vector<Lap> laps;
    for (std::size_t k = 0; !trace.ranks.empty() && k < trace.ranks[0].size(); ++k) {
        Lap lap;
        for (const std::vector<Step>& rank : trace.ranks) {
            if (k >= rank.size()) continue;
            lap.ms = std::max(lap.ms, rank[k].step_ms);
            lap.processor_ms = std::max(lap.processor_ms, rank[k].processor_ms);
            for (const Micro& micro : rank[k].micros) lap.samples += micro.samples.size();
        }
        if (lap.ms > 0) laps.push_back(lap);
    }
    if (laps.size() > 1) laps.erase(laps.begin());
    return laps;
}

/// The least of the full windows: a ragged tail has less to do. 0 where nothing was measured.
double least(const std::vector<Lap>& laps, double Lap::*time) {
    std::size_t most = 0;
    for (const Lap& lap : laps) most = std::max(most, lap.samples);
    double found = std::numeric_limits<double>::infinity();
    for (const Lap& lap : laps)
        if (lap.samples == most && lap.*time > 0) found = std::min(found, lap.*time);
    return std::isinf(found) ? 0 : found;
}

std::int64_t memory_of(const Trace& trace) {
    std::int64_t most = 0;
    for (const std::vector<Step>& rank : trace.ranks)
        for (const Step& step : rank) most = std::max(most, step.memory_bytes_peak);
    return most;
}

constexpr std::array hardware{"architecture", "cpu"};
/// What decides neither times nor bits of the libraries' work, or is part of the trial.
constexpr std::array no_library{"compiler", "intra_op_threads", "threads", "writer"};

bool is_one_of(const auto& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

void add_provenance(Cost& cost, const std::map<std::string, std::string>& provenance) {
    std::vector<std::string> machine, software;
    for (const auto& [name, value] : provenance) {
        if (is_one_of(hardware, name))
            machine.push_back(value);
        else if (!is_one_of(no_library, name))
            software.push_back(name + " " + value);
    }
    cost.machine = joined(machine, ", ");
    cost.software = joined(software, ", ");
}

}  // namespace

Cost cost_of(const Trace& trace) {
    Cost cost;
    add_provenance(cost, trace.manifest.provenance);
    cost.memory_bytes_peak = memory_of(trace);
    std::vector<Lap> laps = laps_of(trace);
    if (laps.empty()) return cost;
    cost.step_ms_min = least(laps, &Lap::ms);
    cost.processor_ms_min = least(laps, &Lap::processor_ms);
    const auto middle = laps.begin() + static_cast<std::ptrdiff_t>(laps.size() / 2);
    std::nth_element(laps.begin(), middle, laps.end(), [](const Lap& a, const Lap& b) { return a.ms < b.ms; });
    cost.step_ms_median = middle->ms;
    cost.samples_per_second = 1000.0 * static_cast<double>(trace.manifest.split.effective()) / middle->ms;
    return cost;
}

Json to_json(const Cost& cost) {
    return {{"step_ms_median", number_to_json(cost.step_ms_median)},
            {"samples_per_second", number_to_json(cost.samples_per_second)},
            {"step_ms_min", number_to_json(cost.step_ms_min)},
            {"processor_ms_min", number_to_json(cost.processor_ms_min)},
            {"memory_bytes_peak", cost.memory_bytes_peak},
            {"machine", cost.machine},
            {"software", cost.software}};
}

Cost cost_from_json(const Json& object, const std::string& where) {
    return reading(where, [&] {
        const auto number = [&](const char* field) { return number_from_json(object.at(field), where); };
        Cost cost{number("step_ms_median"), number("samples_per_second"), number("step_ms_min"),
                  number("processor_ms_min")};
        cost.memory_bytes_peak =
            integer_from_json(object.at("memory_bytes_peak"), 0, std::int64_t{1} << 53, where + ", memory_bytes_peak");
        cost.machine = object.at("machine").get<std::string>();
        cost.software = object.at("software").get<std::string>();
        return cost;
    });
}

}  // namespace isobatch
