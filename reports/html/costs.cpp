#include "reports/html/costs.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "reports/escaped.h"
#include "reports/html/elements.h"
#include "reports/html/svg.h"
#include "reports/html/tradeoff.h"
#include "reports/terminal.h"

namespace isobatch {

namespace {

constexpr std::size_t most_trials = 200;
constexpr double widest = 120;  ///< pixels

std::string megabytes(std::int64_t bytes) {
    return fmt::format("{:.3g}", static_cast<double>(bytes) / 1e6);
}

}  // namespace

std::string costs_part(const Result& result) {
    std::vector<const Record*> measured;
    double most = 0;
    for (const Record& record : result.records) {
        const double rate = record.cost.samples_per_second;
        if (!(record.cost.step_ms_median > 0) && record.traffic.calls == 0) continue;
        measured.push_back(&record);
        if (std::isfinite(rate)) most = std::max(most, rate);
    }
    const std::vector<const Record*> shown = most_telling(measured, most_trials);
    std::string rows;
    for (const Record* record : shown) {
        const double rate = record->cost.samples_per_second;
        const double share = most > 0 && std::isfinite(rate) ? std::max(rate, 0.0) / most : 0;
        rows += fmt::format(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td "
            "class=\"text\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            link_to(result, *record, name_of(*record)), numbers_of(*record)[2], short_number(rate),
            svg(widest, 12, fmt::format("{:.0f} % of the fastest", 100 * share),
                svg_rect(0, 1, std::max(share * widest, 0.5), 10, "rate")),
            record->traffic.calls, megabytes(record->traffic.bytes), short_number(record->traffic.exchanges));
    }
    if (rows.empty()) return {};
    std::string waste;
    for (const Waste& one : result.waste)
        waste += fmt::format("<h3>Paid for nothing</h3>\n<p>{}</p>\n<p><b>Remedy.</b> {}</p>\n<p>Repeat with</p>\n{}",
                             shortened(one.summary, 1000), shortened(one.remedy, 1000), command_line(one.repro));
    return part(
        "costs", "What each split costs",
        waste +
            table("Time and traffic",
                  {{"split", "", true},
                   {"ms/step", "milliseconds an optimizer step takes: the median over all steps but the first"},
                   {"samples/s", "effective batch ÷ median step"},
                   {"of the fastest", "share of the largest number of samples a second", true},
                   {"collectives", "on the rank that moved most, over all steps"},
                   {"MB moved", "10⁶ bytes that went into collectives, on the rank that moved most"},
                   {"exchanges", "how often the gradients of a window were reduced; once is enough, 0: not counted"}},
                  rows, "sortable") +
            left_out(shown.size(), measured.size(), "trials") +
            "<p class=\"note\">Times of one run on one machine: good for comparing its splits, not for a benchmark. "
            "Recording "
            "and judging are part of them.</p>\n" +
            tradeoff_part(result));
}

}  // namespace isobatch
