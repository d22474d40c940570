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

}  // namespace

std::string costs_csv(const Result& result) {
    std::string text =
        "case,per_device,accum,devices,engine,device,recipe,outcome,ms_per_step,samples_per_second,collectives,bytes,"
        "exchanges,trial\r\n";
    for (const Record& record : result.records) {
        const Trial& trial = record.trial;
        const bool counted = record.traffic.calls > 0;
        text +=
            fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", cell(trial.subject), trial.split.per_device,
                        trial.split.accum, trial.split.devices, cell(trial.engine), cell(trial.device),
                        to_string(trial.recipe), to_string(record.verdict.outcome), number(record.cost.step_ms_median),
                        number(record.cost.samples_per_second), counted ? std::to_string(record.traffic.calls) : "",
                        counted ? std::to_string(record.traffic.bytes) : "", number(record.traffic.exchanges),
                        cell(to_string(trial)));
    }
    return text;
}

}  // namespace isobatch
