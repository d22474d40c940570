#include "reports/html/lattice.h"

#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>

#include "reports/escaped.h"
#include "reports/html/elements.h"
#include "reports/html/matrix.h"
#include "reports/terminal.h"

namespace isobatch {

namespace {

constexpr std::size_t most_trials = 600;  ///< a grid cell takes 250 bytes of the page

std::string cell(const Result& result, const std::vector<const Record*>& records) {
    if (records.empty()) return "<td class=\"none\"></td>";
    std::string content;
    Outcome outcome = Outcome::identical;
    for (const Record* record : records) {
        const std::int64_t devices = record->trial.split.devices;
        const std::string margin = numbers_of(*record)[0];
        outcome = worst(outcome, record->verdict.outcome);
        content += link_to(result, *record,
                           fmt::format("<b>{} {}</b> <span>{} device{}</span>{}", sign_of(record->verdict.outcome),
                                       to_string(record->verdict.outcome), devices, devices == 1 ? "" : "s",
                                       margin == "-" ? "" : fmt::format(" <span>margin {}</span>", margin)));
    }
    return fmt::format("<td class=\"cell {}\">{}</td>", to_string(outcome), content);
}

std::string grid(const Result& result, std::span<const Record> matrix) {
    std::set<std::int64_t, std::greater<>> heights;
    std::set<std::int64_t> widths;
    std::map<std::pair<std::int64_t, std::int64_t>, std::vector<const Record*>> cells;
    for (const Record& record : matrix) {
        const Split& split = record.trial.split;
        heights.insert(split.per_device);
        widths.insert(split.accum);
        cells[{split.per_device, split.accum}].push_back(&record);
    }
    std::string head, rows;
    for (const std::int64_t accum : widths) head += fmt::format("<th scope=\"col\">accum {}</th>", accum);
    for (const std::int64_t per_device : heights) {
        rows += fmt::format("<tr><th scope=\"row\">per_device {}</th>", per_device);
        for (const std::int64_t accum : widths) rows += cell(result, cells[{per_device, accum}]);
        rows += "</tr>\n";
    }
    const std::string caption = matrix_name(matrix[0].trial);
    return scrolled(caption, fmt::format("<table class=\"lattice\"><caption>{}</caption><thead><tr><td></td>{}</tr>"
                                         "</thead><tbody>\n{}</tbody></table>",
                                         escaped(caption), head, rows));
}

}  // namespace

std::string lattice_part(const Result& result) {
    std::string grids;
    std::size_t shown = 0;
    for (const Outcome outcome :
         {Outcome::crashed, Outcome::out_of_memory, Outcome::divergent, Outcome::inconclusive, Outcome::equivalent})
        for (const std::span<const Record> matrix : matrices_of(result.records)) {
            Outcome own = Outcome::equivalent;  // an identical matrix stands with the equivalent ones
            for (const Record& record : matrix) own = worst(own, record.verdict.outcome);
            if (own != outcome || shown + matrix.size() > most_trials) continue;
            grids += grid(result, matrix);
            shown += matrix.size();
        }
    if (grids.empty() && result.records.empty()) return {};
    return part(
        "lattice", "Every split at a glance",
        "<p class=\"note\">Each cell is one way to cut the batch into per_device × accum × devices. A margin is the "
        "largest distance from the true gradient ÷ what rounding may cause: above 1 is divergent.</p>\n<div "
        "class=\"grids\">" +
            grids + "</div>\n" + left_out(shown, result.records.size(), "trials"));
}

}  // namespace isobatch
