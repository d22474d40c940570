#include "reports/html/splits.h"

#include <fmt/format.h>

#include "reports/escaped.h"
#include "reports/html/elements.h"
#include "reports/terminal.h"

namespace isobatch {

namespace {

constexpr std::size_t most_trials = 500;
constexpr std::size_t longest_message = 300;
constexpr std::size_t told_whole = 3;  ///< of a trial's red checks; of the others the name says enough

std::string problems_of(const Record& record) {
    std::string problems, others;
    std::size_t told = 0;
    for (const CheckResult& check : record.verdict.checks) {
        if (check.message.empty()) continue;
        if (++told <= told_whole)
            problems += fmt::format("<div><b>{}</b>: {}</div>", to_string(check.check),
                                    shortened(check.message, longest_message));
        else
            others += (others.empty() ? "also: " : ", ") + to_string(check.check);
    }
    return others.empty() ? problems : problems + "<div>" + others + "</div>";
}

std::string row(const Result& result, const Record& record) {
    const auto [margin, sensitivity, ms] = numbers_of(record);
    const bool stop = record.verdict.outcome > Outcome::equivalent;
    return fmt::format(
        "<tr id=\"{}\" data-outcome=\"{}\"{}><th scope=\"row\"><code>{}</code></th><td class=\"text\" "
        "data-value=\"{}\">{}</td><td>{}</td><td>{}</td><td>{}</td><td "
        "class=\"text\">{}{}<details><summary>repeat</summary>{}"
        "</details></td></tr>\n",
        row_of(result, record), to_string(record.verdict.outcome), stop ? " tabindex=\"-1\"" : "", name_of(record),
        static_cast<int>(record.verdict.outcome), mark(record.verdict.outcome), margin, sensitivity, ms,
        inequality(record).empty() ? "" : "<div class=\"bound\">" + escaped(inequality(record)) + "</div>",
        problems_of(record), command_line(record.repro));
}

}  // namespace

std::string inequality(const Record& record) {
    const CheckResult* grad = find_check(record, Check::grad);
    if (grad == nullptr || !grad->worst) return {};
    return fmt::format("{} {} {}", short_number(grad->observed), grad->margin <= 1 ? "≤" : ">",
                       to_string(grad->tolerance));
}

std::string splits_part(const Result& result) {
    const std::vector<const Record*> shown = most_telling(all_of(result), most_trials);
    std::string rows;
    for (const Record* record : shown) rows += row(result, *record);
    if (rows.empty()) return {};
    return part(
        "splits", "Splits",
        table("Every trial, from the largest per_device and accum down",
              {{"split", "case, and per_device x accum x devices", true},
               {"outcome", "identical: same bits; equivalent: within rounding; divergent: not the same training", true},
               {"margin", "largest distance from the truth ÷ what rounding may cause; above 1 is divergent"},
               {"sensitivity", "smallest relative error of one sample's weight that would have been divergent"},
               {"ms/step", "milliseconds an optimizer step takes, the median"},
               {"worst gradient: distance ≤ allowed, and what is wrong",
                "allowed = factor · (E + u·A): E is the worst error of trusted runs, u the unit roundoff, A the summed "
                "shares "
                "of the samples",
                true}},
              rows, "sortable filtered") +
            left_out(shown.size(), result.records.size(), "trials"));
}

}  // namespace isobatch
