#include "reports/costs.h"

#include <cmath>

#include <fmt/format.h>

#include "base/text.h"

namespace isobatch {

namespace {

/// Quoted. What acts on a terminal is visible, and a spreadsheet is not asked to compute a name.
std::string cell(std::string_view text) {
    std::string safe = printable(text), quoted = "\"";
    if (!safe.empty() && std::string_view("=+-@").find(safe[0]) != std::string_view::npos) quoted += '\'';
    for (const char c : safe) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
}

std::string number(double value) {
    return value > 0 && std::isfinite(value) ? fmt::format("{:.6g}", value) : "";
}

std::string count(std::int64_t value) {
    return value > 0 ? std::to_string(value) : "";
}

/// The columns between a trial's split and its traffic.
constexpr std::pair<const char*, double Cost::*> times[] = {{"ms_per_step", &Cost::step_ms_median},
                                                            {"ms_low", &Cost::step_ms_low},
                                                            {"ms_high", &Cost::step_ms_high},
                                                            {"ms_fastest", &Cost::step_ms_min},
                                                            {"forward_ms", &Cost::forward_ms},
                                                            {"backward_ms", &Cost::backward_ms},
                                                            {"exchange_ms", &Cost::exchange_ms},
                                                            {"optimizer_ms", &Cost::optimizer_ms},
                                                            {"samples_per_second", &Cost::samples_per_second},
                                                            {"units_per_second", &Cost::units_per_second}};

}  // namespace

std::string costs_csv(const Result& result) {
    std::vector<std::string> head{"case", "per_device", "accum", "devices", "engine", "device", "recipe", "outcome"};
    for (const auto& [name, value] : times) head.emplace_back(name);
    for (const auto& [name, value] : memory_fields) head.emplace_back(name);
    head.emplace_back("memory_bytes_activations");
    for (const char* name : {"collectives", "bytes", "exchanges", "trial"}) head.emplace_back(name);
    std::string text = joined(head, ",") + "\r\n";
    for (const Record& record : result.records) {
        const Trial& trial = record.trial;
        std::vector<std::string> row{cell(trial.subject),
                                     std::to_string(trial.split.per_device),
                                     std::to_string(trial.split.accum),
                                     std::to_string(trial.split.devices),
                                     cell(trial.engine),
                                     cell(trial.device),
                                     to_string(trial.recipe),
                                     to_string(record.verdict.outcome)};
        for (const auto& [name, value] : times) row.push_back(number(record.cost.*value));
        for (const auto& [name, value] : memory_fields) row.push_back(count(record.cost.memory.*value));
        row.push_back(count(record.cost.memory.activations()));
        const bool counted = record.traffic.calls > 0;
        row.push_back(count(record.traffic.calls));
        row.push_back(counted ? std::to_string(record.traffic.bytes) : "");
        row.push_back(number(record.traffic.exchanges));
        row.push_back(cell(to_string(trial)));
        text += joined(row, ",") + "\r\n";
    }
    return text;
}

}  // namespace isobatch
