#include "measure/cost.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"

namespace isobatch {

namespace {

/// One step of all ranks, which run at the same time, or each carries the time of all before it (serial engine).
struct Lap {
    double ms = 0, processor_ms = 0;
    double forward_ms = 0, backward_ms = 0, exchange_ms = 0, optimizer_ms = 0;
    std::size_t samples = 0;
    double units = 0;
};

/// Its parts: those of the rank that takes longest, or of all where they take turns.
void add_parts(Lap& lap, const Step& step, bool in_turns) {
    if (!in_turns && step.step_ms < lap.ms) return;
    if (!in_turns) lap.forward_ms = lap.backward_ms = lap.exchange_ms = lap.optimizer_ms = 0;
    for (const Micro& micro : step.micros) {
        lap.forward_ms += micro.forward_ms;
        lap.backward_ms += micro.backward_ms;
    }
    lap.exchange_ms += step.exchange_ms;
    lap.optimizer_ms += step.optimizer_ms;
}

std::vector<Lap> laps_of(const Trace& trace) {
    const bool in_turns = trace.manifest.engine.starts_with("serial");
    std::vector<Lap> laps;
    for (std::size_t k = 0; !trace.ranks.empty() && k < trace.ranks[0].size(); ++k) {
        Lap lap;
        for (const std::vector<Step>& rank : trace.ranks) {
            if (k >= rank.size()) continue;
            lap.ms = std::max(lap.ms, rank[k].step_ms);
            lap.processor_ms = std::max(lap.processor_ms, rank[k].processor_ms);
            add_parts(lap, rank[k], in_turns);
            for (const Micro& micro : rank[k].micros) {
                lap.samples += micro.samples.size();
                lap.units += micro.units / trace.manifest.copies;  // which hold the same samples
            }
        }
        if (lap.ms > 0) laps.push_back(lap);
    }
    if (laps.size() > 1) laps.erase(laps.begin());
    return laps;
}

/// The fastest of the full windows: a ragged tail has less to do. None where nothing was measured.
const Lap* fastest(const std::vector<Lap>& laps, double Lap::*time) {
    std::size_t most = 0;
    for (const Lap& lap : laps) most = std::max(most, lap.samples);
    const Lap* found = nullptr;
    for (const Lap& lap : laps)
        if (lap.samples == most && lap.*time > 0 && (!found || lap.*time < found->*time)) found = &lap;
    return found;
}

/// Of equals the last step's: in the first the optimizer's state is still to be made.
Memory largest_memory(const Trace& trace) {
    Memory largest;
    for (const std::vector<Step>& rank : trace.ranks)
        for (const Step& step : rank)
            if (step.memory.peak >= largest.peak) largest = step.memory;
    return largest;
}

/// The rank, from below, of the order statistic that begins an interval which holds the median of n independent values
/// in 95 of 100 cases: the largest r with P(Binomial(n, 1/2) < r) <= 0.025. 0 where even the least does not reach it,
/// as with fewer than six.
std::size_t rank_below_median(std::size_t n) {
    const auto log_factorial = [](std::size_t k) { return std::lgamma(static_cast<double>(k) + 1); };
    double fewer = 0;  // the probability that fewer than r values lie below it
    for (std::size_t r = 0;; ++r) {
        // In logarithms: 2^-n is 0 from 1,075 steps on.
        fewer += std::exp(log_factorial(n) - log_factorial(r) - log_factorial(n - r) -
                          static_cast<double>(n) * std::log(2.0));
        if (fewer > 0.025) return r;
    }
}

void add_median(Cost& cost, std::vector<Lap> laps, std::int64_t effective) {
    std::sort(laps.begin(), laps.end(), [](const Lap& a, const Lap& b) { return a.ms < b.ms; });
    const Lap& middle = laps[laps.size() / 2];
    cost.step_ms_median = middle.ms;
    cost.samples_per_second = 1000.0 * static_cast<double>(effective) / middle.ms;
    cost.units_per_second = 1000.0 * middle.units / middle.ms;
    const std::size_t rank = std::max<std::size_t>(1, rank_below_median(laps.size()));
    cost.step_ms_low = laps[rank - 1].ms;
    cost.step_ms_high = laps[laps.size() - rank].ms;
}

constexpr std::array hardware{"architecture", "cpu", "gpu"};
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

constexpr std::pair<const char*, double Cost::*> numbers[] = {{"step_ms_median", &Cost::step_ms_median},
                                                              {"step_ms_low", &Cost::step_ms_low},
                                                              {"step_ms_high", &Cost::step_ms_high},
                                                              {"samples_per_second", &Cost::samples_per_second},
                                                              {"units_per_second", &Cost::units_per_second},
                                                              {"step_ms_min", &Cost::step_ms_min},
                                                              {"forward_ms", &Cost::forward_ms},
                                                              {"backward_ms", &Cost::backward_ms},
                                                              {"exchange_ms", &Cost::exchange_ms},
                                                              {"optimizer_ms", &Cost::optimizer_ms},
                                                              {"processor_ms_min", &Cost::processor_ms_min}};

}  // namespace

Cost cost_of(const Trace& trace) {
    Cost cost;
    add_provenance(cost, trace.manifest.provenance);
    cost.memory = largest_memory(trace);
    const std::vector<Lap> laps = laps_of(trace);
    if (laps.empty()) return cost;
    if (const Lap* lap = fastest(laps, &Lap::ms)) {
        cost.step_ms_min = lap->ms;
        cost.forward_ms = lap->forward_ms;
        cost.backward_ms = lap->backward_ms;
        cost.exchange_ms = lap->exchange_ms;
        cost.optimizer_ms = lap->optimizer_ms;
    }
    if (const Lap* lap = fastest(laps, &Lap::processor_ms)) cost.processor_ms_min = lap->processor_ms;
    add_median(cost, laps, trace.manifest.split.effective());
    return cost;
}

Json to_json(const Cost& cost) {
    Json object{{"machine", cost.machine}, {"software", cost.software}};
    for (const auto& [name, number] : numbers) object[name] = number_to_json(cost.*number);
    for (const auto& [name, bytes] : memory_fields) object[name] = cost.memory.*bytes;
    return object;
}

Cost cost_from_json(const Json& object, const std::string& where) {
    return reading(where, [&] {
        Cost cost;
        for (const auto& [name, number] : numbers) cost.*number = number_from_json(object.at(name), where);
        for (const auto& [name, bytes] : memory_fields)
            cost.memory.*bytes = integer_from_json(object.at(name), 0, std::int64_t{1} << 53, where + ", " + name);
        cost.machine = object.at("machine").get<std::string>();
        cost.software = object.at("software").get<std::string>();
        return cost;
    });
}

}  // namespace isobatch
