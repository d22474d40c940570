#include "reports/html/tradeoff.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "reports/escaped.h"
#include "reports/html/elements.h"
#include "reports/html/svg.h"
#include "reports/terminal.h"
#include "reports/tradeoff.h"

namespace isobatch {

namespace {

constexpr std::size_t most_matrices = 12;
constexpr std::size_t most_splits = 120;

using Points = std::vector<std::pair<double, double>>;

std::string in_words(const Price& price) {
    return fmt::format("{}: {} ms, {}", to_string(price.record->trial.split), short_number(price.step_ms),
                       bytes_text(static_cast<double>(price.memory_bytes)));
}

/// Where a split is in the picture, and the frame around all of them.
struct Plane {
    Axis memory, time;

    explicit Plane(const std::vector<Price>& prices)
        : memory{INFINITY, -INFINITY, 64, 470}, time{0, -INFINITY, 250, 12} {
        for (const Price& price : prices) {
            if (price.memory_bytes == 0) continue;
            memory.low = std::min(memory.low, static_cast<double>(price.memory_bytes));
            memory.high = std::max(memory.high, static_cast<double>(price.memory_bytes));
            time.high = std::max(time.high, price.step_ms);
        }
        const double room = std::max(0.05 * (memory.high - memory.low), 0.01 * memory.high);
        memory.low = std::max(0.0, memory.low - room);
        memory.high += room;
        time.high *= 1.06;
    }

    std::pair<double, double> at(double bytes, double ms) const { return {memory.at(bytes), time.at(ms)}; }

    std::string frame() const {
        std::string shapes;
        for (const double tick : ticks(time.low, time.high, 4)) {
            shapes += svg_line(memory.from, time.at(tick), memory.to, time.at(tick), "tick");
            shapes += svg_text(memory.from - 6, time.at(tick) + 4, fmt::format("{:.4g} ms", tick), "end");
        }
        for (const double tick : ticks(memory.low, memory.high, 4))
            shapes += svg_text(memory.at(tick), time.from + 16, bytes_text(tick), "middle");
        return shapes;
    }
};

/// What the fits say of the splits of one number of devices, from the smallest per_device to the largest.
Points fitted_line(const TradeOff& tradeoff, const Plane& plane, std::int64_t devices) {
    Points line;
    for (const Price& price : tradeoff.prices)
        if (price.record->trial.split.devices == devices && price.fitted_ms && price.fitted_bytes)
            line.push_back(plane.at(price.fitted_bytes->value, price.fitted_ms->value));
    std::sort(line.begin(), line.end());
    return line.size() < 2 ? Points{} : line;
}

/// Steps from one split of the front to the next: between them there is nothing.
Points front_of(const std::vector<Price>& prices, const Plane& plane) {
    Points front, steps;
    for (const Price& price : prices)
        if (price.on_front && price.memory_bytes > 0)
            front.push_back(plane.at(static_cast<double>(price.memory_bytes), price.step_ms));
    std::sort(front.begin(), front.end());
    for (const auto& [x, y] : front) {
        if (!steps.empty()) steps.emplace_back(x, steps.back().second);
        steps.emplace_back(x, y);
    }
    return steps;
}

std::string picture(const TradeOff& tradeoff) {
    if (std::none_of(tradeoff.prices.begin(), tradeoff.prices.end(),
                     [](const Price& price) { return price.memory_bytes > 0; }))
        return "<p class=\"note\">Memory was not measured, so that there is no picture of memory against time.</p>\n";
    const Plane plane(tradeoff.prices);
    std::string shapes = plane.frame();
    std::set<std::int64_t> devices;
    for (const Price& price : tradeoff.prices) devices.insert(price.record->trial.split.devices);
    for (const std::int64_t count : devices)
        if (const Points line = fitted_line(tradeoff, plane, count); !line.empty()) shapes += svg_curve(line, "truth");
    if (const Points front = front_of(tradeoff.prices, plane); front.size() > 1) shapes += svg_curve(front, "front");
    for (const Price& price : tradeoff.prices) {
        if (price.memory_bytes == 0) continue;
        const auto [x, y] = plane.at(static_cast<double>(price.memory_bytes), price.step_ms);
        const bool fastest = price.record->trial.split == tradeoff.fastest;
        shapes += svg_dot(x, y, fastest ? "best" : "own", in_words(price));
        if (fastest || price.on_front) {
            const bool left = x > (plane.memory.from + plane.memory.to) / 2;
            shapes +=
                svg_text(left ? x - 6 : x + 6, y - 5, to_string(price.record->trial.split), left ? "end" : "start");
        }
    }
    return scrolled("memory against time",
                    svg(480, 272, "Memory of a device against milliseconds a step; the table below holds the numbers.",
                        shapes)) +
           "<p class=\"note\">Dots: splits as measured, the fastest in green and larger. Green steps: the front, on "
           "which no split is both faster and smaller. Dashed: what the fit says, a line for each number of "
           "devices.</p>\n";
}

std::string off(double measured, const std::optional<Estimate>& fitted) {
    if (!(measured > 0) || !fitted) return "-";
    const double percent = 100 * (fitted->value / measured - 1);
    return std::abs(percent) < 0.05 ? "0 %" : fmt::format("{:+.1f} %", percent);
}

std::string rows_of(const Result& result, const TradeOff& tradeoff) {
    std::string rows;
    for (std::size_t i = 0; i < tradeoff.prices.size() && i < most_splits; ++i) {
        const Price& price = tradeoff.prices[i];
        const auto bytes = static_cast<double>(price.memory_bytes);
        rows += fmt::format(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td "
            "class=\"text\">{}</td></tr>\n",
            link_to(result, *price.record, name_of(*price.record)), short_number(price.step_ms),
            price.fitted_ms ? short_number(price.fitted_ms->value) : "-", off(price.step_ms, price.fitted_ms),
            bytes > 0 ? bytes_text(bytes) : "-", price.fitted_bytes ? bytes_text(price.fitted_bytes->value) : "-",
            off(bytes, price.fitted_bytes),
            price.record->trial.split == tradeoff.fastest ? "fastest"
            : price.on_front                              ? "on the front"
                                                          : "");
    }
    return rows;
}

/// What the peak of each split is made of; nothing where no rank had a process of its own.
std::string parts_of_the_peak(const Result& result, const TradeOff& tradeoff) {
    std::string rows;
    const auto cell = [](std::int64_t bytes) { return bytes > 0 ? bytes_text(static_cast<double>(bytes)) : "-"; };
    for (std::size_t i = 0; i < tradeoff.prices.size() && i < most_splits; ++i) {
        const Record& record = *tradeoff.prices[i].record;
        const Memory& memory = record.cost.memory;
        if (memory.parameters == 0) continue;
        rows += fmt::format(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            link_to(result, record, name_of(record)), cell(memory.parameters), cell(memory.gradients),
            cell(memory.optimizer), cell(memory.buckets), cell(memory.activations()), cell(memory.resident));
    }
    if (rows.empty()) return "";
    return table("What the memory at the peak is",
                 {{"split", "", true},
                  {"parameters", "with the narrow copies that a model computes with"},
                  {"gradients", "the accumulator, which stays from the first micro-batch to the step"},
                  {"optimizer", "its state"},
                  {"buckets", "of DDP, where gradients are not views of them"},
                  {"activations", "the rest, which came and went: with what kernels and the update took for a while"},
                  {"process", "all of its memory, with libraries and the recorder's own work"}},
                 rows, "sortable");
}

}  // namespace

std::string tradeoff_part(const Result& result) {
    const std::vector<TradeOff> all = tradeoffs_of(result);
    std::string parts;
    for (std::size_t i = 0; i < all.size() && i < most_matrices; ++i) {
        parts += fmt::format("<h3>Memory against time: {}</h3>\n{}", shortened(all[i].subject, 60), picture(all[i]));
        parts += table("Memory against time",
                       {{"split", "", true},
                        {"fastest step, ms", "of the full windows but the first"},
                        {"fitted", "milliseconds by the formula below"},
                        {"off", "fitted ÷ measured - 1"},
                        {"memory", "the most that the tensors of one device held at a time"},
                        {"fitted", "by the formula below"},
                        {"off", "fitted ÷ measured - 1"},
                        {"", "which splits are worth a look", true}},
                       rows_of(result, all[i]), "sortable") +
                 left_out(std::min(most_splits, all[i].prices.size()), all[i].prices.size(), "splits") +
                 parts_of_the_peak(result, all[i]);
        for (const std::string& line : pieces(to_string(all[i].model), '\n'))
            if (!line.empty()) parts += fmt::format("<p class=\"note\">{}</p>\n", escaped(line));
    }
    return parts + left_out(std::min(most_matrices, all.size()), all.size(), "matrices");
}

}  // namespace isobatch
