#include "reports/html/weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "reports/escaped.h"
#include "reports/html/elements.h"
#include "reports/html/svg.h"
#include "reports/terminal.h"

namespace isobatch {

namespace {

constexpr std::size_t most_samples = 256;
constexpr std::size_t most_splits = 24;
constexpr std::size_t longest_id = 24;
constexpr double even = 1e-6;  ///< a weight this near 1 is drawn as a line; the table has its digits

/// How large a picture of weights is, in pixels.
struct Size {
    double bar, gap, between, plot;
    bool labelled;
};
constexpr Size large{16, 5, 20, 170, true}, small{6, 2, 7, 64, false};

using Lines = std::vector<WeightLine>;

bool same_micro(const WeightLine& a, const WeightLine& b) {
    return a.rank == b.rank && a.micro == b.micro;
}

Lines in_order(Lines lines) {
    std::stable_sort(lines.begin(), lines.end(), [](const WeightLine& a, const WeightLine& b) {
        return std::pair(a.rank, a.micro) < std::pair(b.rank, b.micro);
    });
    if (lines.size() > most_samples) lines.resize(most_samples);
    return lines;
}

/// From just below the smallest to just above the largest weight, with 1 inside; a weight beyond all reason is cut.
Axis axis_of(const Lines& lines, double top, double bottom) {
    double low = 1, high = 1;
    for (const WeightLine& line : lines)
        for (const double weight : {line.recovered, line.predicted})
            if (!std::isnan(weight)) {
                low = std::min(low, std::max(weight, -16.0));
                high = std::max(high, std::min(weight, 64.0));
            }
    if (high - low < even) return {0, 2, bottom, top};
    const double room = 0.12 * (high - low);
    return {low - room, high + room, bottom, top};
}

std::string about(const WeightLine& line) {
    return fmt::format("sample {} (rank {}, micro {}), {:g} units: weight {}, predicted {}",
                       first_characters(line.sample, longest_id), line.rank, line.micro, line.units,
                       weight_text(line.recovered, "no gradient"), weight_text(line.predicted, "-"));
}

std::string bar(const WeightLine& line, const Axis& axis, const Size& size, double x) {
    const double one = axis.at(1);
    std::string shape;
    if (std::isnan(line.recovered)) {
        shape = svg_rect(x, one - 4, size.bar, 8, "hollow", about(line));
    } else {
        const double y = axis.at(line.recovered);
        const bool right = std::abs(line.recovered - 1) < even;
        shape = svg_rect(x, right ? one - 1 : std::min(y, one), size.bar, right ? 2 : std::max(std::abs(y - one), 1.0),
                         right                ? "even"
                         : line.recovered > 1 ? "over"
                                              : "under",
                         about(line));
    }
    if (!std::isnan(line.predicted))
        shape += svg_line(x - 2, axis.at(line.predicted), x + size.bar + 2, axis.at(line.predicted), "predicted");
    if (size.labelled)  // a longer id has no room; it is in the bar's title and in the table
        shape += svg_text(x + size.bar / 2, size.plot + 34, line.sample.size() <= 3 ? line.sample : "", "middle");
    return shape;
}

std::string draw(const Lines& lines, const Size& size, std::string_view label) {
    const double left = size.labelled ? 60 : 38, top = 16;
    const Axis axis = axis_of(lines, top, top + size.plot);
    std::string bars, labels;
    double x = left + size.between / 2, begin = x;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        bars += bar(lines[i], axis, size, x);
        x += size.bar + size.gap;
        if (i + 1 < lines.size() && same_micro(lines[i], lines[i + 1])) continue;
        const double end = x - size.gap, y = top + size.plot + (size.labelled ? 24 : 4);
        labels += svg_line(begin, y, end, y, "group");
        if (size.labelled) {
            const bool roomy = end - begin > 84;
            labels += svg_text((begin + end) / 2, y + 16,
                               roomy ? fmt::format("rank {} · micro {}", lines[i].rank, lines[i].micro)
                                     : fmt::format("r{}m{}", lines[i].rank, lines[i].micro),
                               "middle");
        }
        x += size.between;
        begin = x;
    }
    const double right = std::max(x - size.between / 2, left + 60);
    std::string frame;
    for (const double tick : ticks(axis.low, axis.high, size.labelled ? 5 : 2)) {
        if (std::abs(axis.at(tick) - axis.at(1)) > 0.5)
            frame += svg_line(left, axis.at(tick), right, axis.at(tick), "tick");
        frame += svg_text(left - 6, axis.at(tick) + 4, fmt::format("{:.5g}", tick), "end");
    }
    frame += svg_line(left, axis.at(1), right, axis.at(1), "one");
    if (size.labelled) frame += svg_text(right + 4, axis.at(1) + 4, "1 = right", "start");
    return svg(right + (size.labelled ? 64 : 6), top + size.plot + (size.labelled ? 48 : 10), label,
               frame + bars + labels);
}

std::string percent(double weight) {
    if (!std::isfinite(weight)) return "no number";
    if (std::abs(weight - 1) < even) return "right";
    return fmt::format("{:.3g} % too {}", 100 * std::abs(weight - 1), weight > 1 ? "much" : "little");
}

/// A row a micro-batch: what the picture shows, in numbers.
std::string micro_rows(const Lines& lines) {
    std::string rows;
    for (std::size_t begin = 0, end = 0; begin < lines.size(); begin = end) {
        double units = 0, low = std::numeric_limits<double>::infinity(), high = -low;
        for (; end < lines.size() && same_micro(lines[begin], lines[end]); ++end) {
            units += lines[end].units;
            if (std::isnan(lines[end].recovered)) continue;
            low = std::min(low, lines[end].recovered);
            high = std::max(high, lines[end].recovered);
        }
        const bool known = low <= high, one = high - low < even;
        rows += fmt::format(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{:g}</td><td>{}</td><td class=\"text\">{}</td></tr>\n",
            lines[begin].rank, lines[begin].micro, end - begin, units,
            !known ? "-"
            : one  ? fmt::format("{:.6g}", low)
                   : fmt::format("{:.6g} … {:.6g}", low, high),
            !known ? "no gradient"
            : one  ? percent(low)
                   : percent(low) + " … " + percent(high));
    }
    return rows;
}

std::string sample_rows(const Lines& lines) {
    std::string rows;
    for (const WeightLine& line : lines)
        rows += fmt::format(
            "<tr><th "
            "scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td><td>{:g}</td><td>{}</td><td>{}</td></tr>\n",
            shortened(line.sample, longest_id), line.rank, line.micro, line.units,
            weight_text(line.recovered, "no gradient"), weight_text(line.predicted, "-"));
    return rows;
}

/// Of each sample that was read unit by unit.
std::string unit_rows(const Lines& lines) {
    std::string rows;
    for (const WeightLine& line : lines)
        if (!line.units_recovered.empty())
            rows += fmt::format("<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td></tr>\n",
                                shortened(line.sample, longest_id), weights_text(line.units_recovered),
                                line.units_predicted.empty() ? "-" : weights_text(line.units_predicted));
    return rows;
}

/// The weights of a trial's first window that could be decoded; nothing is predicted there.
Lines lines_of(const Record& record) {
    for (const WindowEvidence& window : record.evidence.windows) {
        if (window.recovered.empty()) continue;
        Lines lines;
        for (std::size_t i = 0; i < window.samples.size(); ++i) {
            const MicroCount& micro = micro_of(window, i);
            lines.push_back({window.samples[i], micro.rank, micro.micro, window.sample_units[i],
                             window.recovered[0].weights[i], std::nan("")});
        }
        return in_order(std::move(lines));
    }
    return {};
}

}  // namespace

std::string weight_picture(const Finding& finding) {
    if (finding.weights.empty()) return {};
    const Lines lines = in_order(finding.weights);
    const std::vector<Column> micros{{"rank", "device, from 0"},
                                     {"micro", "micro-batch of the device, from 0"},
                                     {"samples", ""},
                                     {"units", "what the loss averages over: scored tokens or samples"},
                                     {"weight", "in the gradient that was made; 1 is right"},
                                     {"that is", "", true}};
    const std::vector<Column> samples{{"sample", "its id", true},
                                      {"rank", "device, from 0"},
                                      {"micro", "micro-batch of the device, from 0"},
                                      {"units", "scored units of the sample"},
                                      {"recovered", "its weight in the gradient that was made; 1 is right"},
                                      {"predicted", "what the named cause makes of it"}};
    const std::vector<Column> by_unit{{"sample", "its id", true},
                                      {"recovered", "the weight of each of its scored units, in their order", true},
                                      {"predicted", "what the named cause makes of them", true}};
    const std::string units = unit_rows(lines);
    return fmt::format(
               "<p>Weight of each sample in the gradient, by micro-batch: bars that rise from the line count too much, "
               "bars "
               "that hang count too little; the dash on a bar is the weight that the named cause predicts: "
               "{}.</p>\n",
               escaped(formula(finding.causes.front()))) +
           scrolled("picture of the sample weights",
                    draw(lines, large, "Weights of the samples by rank and micro-batch; the tables below hold them.")) +
           table("Weights by micro-batch", micros, micro_rows(lines)) +
           folded("the weight of every sample", table("Weights by sample", samples, sample_rows(lines))) +
           (units.empty() ? "" : folded("the weight of every unit", table("Weights by unit", by_unit, units))) +
           left_out(lines.size(), finding.weights.size(), "samples");
}

std::string split_weights_part(const Result& result) {
    std::vector<const Record*> decoded;
    for (const Record& record : result.records)
        if (!lines_of(record).empty()) decoded.push_back(&record);
    const std::vector<const Record*> shown = most_telling(decoded, most_splits);
    std::string pictures, rows;
    for (const Record* record : shown) {
        const Lines lines = lines_of(*record);
        double low = std::numeric_limits<double>::infinity(), high = -low;
        for (const WeightLine& line : lines)
            if (!std::isnan(line.recovered)) {
                low = std::min(low, line.recovered);
                high = std::max(high, line.recovered);
            }
        pictures += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n",
                                draw(lines, small, "Weights of the samples, by micro-batch."),
                                link_to(result, *record, name_of(*record)));
        rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>\n", name_of(*record),
                            lines.size(), short_number(low), short_number(high));
    }
    if (pictures.empty()) return {};
    const std::vector<Column> columns{{"split", "", true},
                                      {"samples", "in the first window that could be decoded"},
                                      {"smallest weight", "1 is right"},
                                      {"largest weight", "1 is right"}};
    return part("weights", "Sample weights in every split",
                "<p class=\"note\">Of the first window that could be decoded, by micro-batch; the line is 1. Trials "
                "that agree are "
                "not decoded: there every weight is 1 within the trial's sensitivity.</p>\n" +
                    scrolled("pictures of the weights", "<div class=\"many\">" + pictures + "</div>") +
                    folded("as a table", table("Smallest and largest weight", columns, rows)) +
                    left_out(shown.size(), decoded.size(), "decoded trials"));
}

}  // namespace isobatch
