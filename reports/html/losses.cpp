#include "reports/html/losses.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "reports/escaped.h"
#include "reports/html/elements.h"
#include "reports/html/svg.h"
#include "reports/terminal.h"

namespace isobatch {

namespace {

constexpr std::size_t most_pictures = 24;
constexpr std::size_t most_rows = 120;
constexpr std::size_t most_steps = 48;

using Losses = std::vector<StepLoss>;

/// Which losses, and what is said of them.
struct Shown {
    Check check;
    std::string_view id, title, dashed, not_compared;
};
using Points = std::vector<std::pair<double, double>>;

Losses losses_of(const Record& record, Check which) {
    const CheckResult* check = find_check(record, which);
    Losses losses = check == nullptr ? Losses{} : check->losses;
    if (losses.size() > most_steps) losses.resize(most_steps);
    return losses;
}

/// Distance ÷ allowed; nothing where it cannot be compared.
std::optional<double> share_of(const StepLoss& one) {
    if (!one.truth) return std::nullopt;
    const double distance = one.loss ? std::abs(*one.loss - *one.truth) : INFINITY;
    if (distance == 0) return 0;
    return one.allowed > 0 && !std::isnan(distance) ? distance / one.allowed : INFINITY;
}

/// Decades above what is allowed that the losses take, at least four.
double decades_of(const Losses& losses) {
    double most = 4;
    for (const StepLoss& one : losses)
        if (const auto share = share_of(one); share && std::isfinite(*share) && *share > 0)
            most = std::max(most, std::ceil(std::log10(*share)));
    return most;
}

/// From which step on nothing could be compared; 0: everything could.
std::int64_t void_from(const Losses& losses) {
    std::int64_t step = 0;
    for (auto it = losses.rbegin(); it != losses.rend() && !it->truth; ++it) step = it->step;
    return step;
}

std::string in_words(const StepLoss& one) {
    const auto share = share_of(one);
    return fmt::format("step {}: loss {}, truth {}, distance ÷ allowed {}", one.step,
                       one.loss ? fmt::format("{:.9g}", *one.loss) : "not recorded",
                       one.truth ? fmt::format("{:.9g}", *one.truth) : "not known",
                       share ? short_number(*share) : "not compared");
}

/// Above the losses, below them how far each is off: a bar that crosses the line is more than what is allowed.
std::string draw(const Losses& losses) {
    constexpr double left = 48, width = 250, top = 8, height = 84, below = 108, deep = 44;
    double low = INFINITY, high = -INFINITY;
    for (const StepLoss& one : losses)
        for (const std::optional<double>& value : {one.loss, one.truth})
            if (value && std::isfinite(*value)) {
                low = std::min(low, *value);
                high = std::max(high, *value);
            }
    if (!(low <= high)) low = high = 0;
    const double room = std::max(0.08 * (high - low), 1e-12 * std::abs(high) + 1e-300);
    const Axis loss{low - room, high + room, top + height, top};
    const Axis step{0.5, static_cast<double>(losses.size()) + 0.5, left, width - 6};
    const Axis share{-4, decades_of(losses), below + deep, below};
    const double one_step = step.at(2) - step.at(1);
    std::string frame, shapes;
    for (const double tick : ticks(loss.low, loss.high, 3)) {
        frame += svg_line(left, loss.at(tick), width - 6, loss.at(tick), "tick");
        frame += svg_text(left - 6, loss.at(tick) + 4, fmt::format("{:.4g}", tick), "end");
    }
    frame += svg_line(left, share.at(0), width - 6, share.at(0), "one");
    frame += svg_text(left - 6, share.at(0) + 4, "allowed", "end");
    Points own, truth;
    for (std::size_t i = 0; i < losses.size(); ++i) {
        const StepLoss& one = losses[i];
        const double x = step.at(static_cast<double>(i + 1));
        if (one.loss && std::isfinite(*one.loss)) own.emplace_back(x, loss.at(*one.loss));
        if (one.truth && std::isfinite(*one.truth)) {
            truth.emplace_back(x, loss.at(*one.truth));
            shapes += svg_rect(x - 4, loss.at(*one.truth + one.allowed), 8,
                               std::max(loss.at(*one.truth - one.allowed) - loss.at(*one.truth + one.allowed), 1.0),
                               "allowed");
        } else {
            frame += svg_rect(x - one_step / 2, top, one_step, below + deep - top, "void", in_words(one));
        }
        if (const auto off = share_of(one); off && *off > 0) {
            const double y = share.at(std::log10(*off));
            shapes += svg_rect(x - 5, y, 10, below + deep - y, *off > 1 ? "over" : "even", in_words(one));
        }
        if (losses.size() <= 12 || i % 8 == 0)
            frame += svg_text(x, below + deep + 14, std::to_string(one.step), "middle");
    }
    shapes += svg_curve(truth, "truth") + svg_curve(own, "own");
    for (std::size_t i = 0; i < losses.size(); ++i)
        if (losses[i].loss && std::isfinite(*losses[i].loss))
            shapes +=
                svg_dot(step.at(static_cast<double>(i + 1)), loss.at(*losses[i].loss), "own", in_words(losses[i]));
    return svg(width, below + deep + 20, "Loss by step against the truth; the table below holds the numbers.",
               frame + shapes);
}

std::string figure(const Result& result, const Record& record, const Shown& shown) {
    const Losses losses = losses_of(record, shown.check);
    const std::int64_t from = void_from(losses);
    return fmt::format(
        "<figure>{}<figcaption>{} {}{}</figcaption></figure>\n", draw(losses), link_to(result, record, name_of(record)),
        mark(record.verdict.outcome),
        from == 0 ? "" : fmt::format("<div>not compared from step {} on: {}</div>", from, shown.not_compared));
}

std::string rows_of(const std::vector<const Record*>& records, Check which) {
    std::string rows;
    for (const Record* record : records)
        for (const StepLoss& one : losses_of(*record, which)) {
            const auto share = share_of(one);
            rows += fmt::format(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                name_of(*record), one.step, one.loss ? fmt::format("{:.9g}", *one.loss) : "-",
                one.truth ? fmt::format("{:.9g}", *one.truth) : "-", one.truth ? short_number(one.allowed) : "-",
                share ? short_number(*share) : "not compared");
        }
    return rows;
}

std::string part_of(const Result& result, const Shown& shown) {
    std::vector<const Record*> known;
    for (const Record& record : result.records)
        if (!losses_of(record, shown.check).empty()) known.push_back(&record);
    if (known.empty()) return {};
    const std::vector<const Record*> drawn = most_telling(known, most_pictures),
                                     listed = most_telling(known, most_rows);
    std::string figures;
    for (const Record* record : drawn) figures += figure(result, *record, shown);
    const std::vector<Column> columns{{"split", "", true},
                                      {"step", "optimizer step of the trial, from 1"},
                                      {"loss", "of the window under the contract, as the trial has it"},
                                      {"truth", "what it should be"},
                                      {"allowed", "how far rounding may move it"},
                                      {"distance ÷ allowed", "above 1 is divergent"}};
    return part(
        std::string(shown.id), std::string(shown.title),
        fmt::format("<p class=\"note\">Line and dots: the trial. Dashed: {} Below, the distance ÷ what is allowed in "
                    "decades: a bar that crosses the line is wrong, however alike the curves look. Grey: not compared, "
                    "since {}.</p>\n",
                    shown.dashed, shown.not_compared) +
            scrolled("pictures of the losses", "<div class=\"many\">" + figures + "</div>") +
            left_out(drawn.size(), known.size(), "trials") +
            folded("as a table", table(std::string(shown.title), columns, rows_of(listed, shown.check)) +
                                     left_out(listed.size(), known.size(), "trials")));
}

}  // namespace

std::string losses_part(const Result& result) {
    return part_of(result,
                   {Check::loss, "losses", "Loss of every step", "the truth, with what rounding allows around it.",
                    "the step is no judged window of the reference, holds other samples or starts from other "
                    "parameters"});
}

std::string trajectories_part(const Result& result) {
    return part_of(result, {Check::trajectory, "trajectories", "Trajectories: losses of runs that follow nothing",
                            "the reference's own, with 16 times what trusted splits differ by around it.",
                            "trusted splits themselves come apart there, or the step holds other samples"});
}

}  // namespace isobatch
