#include "reports/html/gradients.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "reports/escaped.h"
#include "reports/html/elements.h"
#include "reports/html/matrix.h"
#include "reports/terminal.h"

namespace isobatch {

namespace {

constexpr std::size_t most_columns = 200;  ///< over all matrices; one of 30 parameters takes a kilobyte of the page
constexpr std::size_t most_of_matrix = 40;
constexpr std::size_t most_parameters = 60;

int heat(double margin) {
    if (margin == 0) return 0;
    if (margin <= 0.125) return 1;
    if (margin <= 1) return 2;
    if (margin <= 1e3) return 3;
    return margin <= 1e6 ? 4 : 5;  // NaN is hottest
}

std::string number(double margin) {
    if (std::isnan(margin)) return "nan";
    return std::isinf(margin) ? "inf" : fmt::format("{:.2g}", margin);
}

/// The parameters of these records, those that are furthest off chosen first, in the model's order.
std::vector<std::string> parameters_of(const std::vector<const Record*>& records, std::size_t& total) {
    std::vector<std::string> names;
    std::map<std::string, double> largest;
    for (const Record* record : records)
        for (const ParameterMargin& one : find_check(*record, Check::grad)->parameters) {
            const auto [it, fresh] = largest.emplace(one.parameter, one.margin);
            if (fresh) names.push_back(one.parameter);
            if (!(one.margin <= it->second)) it->second = one.margin;
        }
    total = names.size();
    if (names.size() <= most_parameters) return names;
    std::vector<double> order;
    for (const auto& [name, margin] : largest) order.push_back(std::isnan(margin) ? INFINITY : margin);
    std::nth_element(order.begin(), order.begin() + most_parameters, order.end(), std::greater<>());
    const double limit = order[most_parameters];
    std::erase_if(names, [&](const std::string& name) { return largest[name] <= limit; });
    return names;
}

std::string map_of(const Result& result, const std::vector<const Record*>& records) {
    std::size_t total = 0;
    const std::vector<std::string> names = parameters_of(records, total);
    std::string head = "<th scope=\"col\" class=\"text\">parameter</th>", rows;
    for (const Record* record : records)
        head += fmt::format("<th scope=\"col\">{}</th>", link_to(result, *record, to_string(record->trial.split)));
    for (const std::string& name : names) {
        rows += fmt::format("<tr><th scope=\"row\"><code>{}</code></th>", shortened(name, 48));
        for (const Record* record : records) {
            const auto& parameters = find_check(*record, Check::grad)->parameters;
            const auto one = std::find_if(parameters.begin(), parameters.end(),
                                          [&](const ParameterMargin& other) { return other.parameter == name; });
            rows += one == parameters.end()
                        ? "<td>-</td>"
                        : fmt::format("<td class=\"h{}\">{}</td>", heat(one->margin), number(one->margin));
        }
        rows += "</tr>\n";
    }
    const std::string caption = matrix_name(records[0]->trial) + ": distance ÷ allowed, by parameter and split";
    return scrolled(caption,
                    fmt::format("<table class=\"heat\"><caption>{}</caption><thead><tr>{}</tr></thead><tbody>\n{}"
                                "</tbody></table>",
                                escaped(caption), head, rows)) +
           left_out(names.size(), total, "parameters");
}

}  // namespace

std::string gradients_part(const Result& result) {
    std::string maps;
    std::size_t shown = 0, known = 0;
    for (const std::span<const Record> matrix : matrices_of(result.records)) {
        std::vector<const Record*> records;
        for (const Record& record : matrix) {
            const CheckResult* grad = find_check(record, Check::grad);
            if (grad != nullptr && !grad->parameters.empty()) records.push_back(&record);
        }
        known += records.size();
        records = most_telling(records, std::min(most_of_matrix, most_columns - shown));
        if (records.empty()) continue;
        shown += records.size();
        maps += map_of(result, records);
    }
    if (maps.empty()) return {};
    return part(
        "gradients", "Gradient of every parameter",
        "<p class=\"note\">The largest distance of the gradient from the truth ÷ what is allowed, over all judged "
        "windows and "
        "ranks. 0: the bits of the truth or no distance; up to 0.125: as clean runs; up to 1: suspect; above 1: wrong. "
        "<span class=\"key\"><span class=\"h0\">0</span><span class=\"h1\">≤ 0.125</span><span class=\"h2\">≤ "
        "1</span><span class=\"h3\">&gt; 1</span><span class=\"h4\">&gt; 1000</span><span class=\"h5\">&gt; "
        "10⁶</span></span></p>\n" +
            maps + left_out(shown, known, "trials"));
}

}  // namespace isobatch
