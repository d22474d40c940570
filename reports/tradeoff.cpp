#include "reports/tradeoff.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "reports/cost_fit.h"
#include "reports/markdown.h"
#include "reports/terminal.h"

namespace isobatch {

namespace {

constexpr std::size_t most_rows = 100;

bool measured(const Record& record) {
    return record.cost.step_ms_min > 0 && std::isfinite(record.cost.step_ms_min) && !unanswered(record.verdict.outcome);
}

/// Of those whose memory is known; where none is, of the times alone.
bool beaten(const Price& price, const std::vector<Price>& prices) {
    return std::any_of(prices.begin(), prices.end(), [&](const Price& other) {
        if ((other.memory_bytes > 0) != (price.memory_bytes > 0)) return price.memory_bytes == 0;
        return other.step_ms <= price.step_ms && other.memory_bytes <= price.memory_bytes &&
               (other.step_ms < price.step_ms || other.memory_bytes < price.memory_bytes);
    });
}

TradeOff tradeoff_of(std::span<const Record> matrix) {
    TradeOff tradeoff{matrix[0].trial.subject, cost_model_of(matrix)};
    for (const Record& record : matrix)
        if (measured(record))
            tradeoff.prices.push_back({&record, fastest_ms(record, tradeoff.model), record.cost.memory.peak,
                                       step_ms(tradeoff.model, record.trial.split),
                                       memory_bytes(tradeoff.model, record.trial.split)});
    for (Price& price : tradeoff.prices) price.on_front = !beaten(price, tradeoff.prices);
    double least = INFINITY;  // of the front, so that it is one whose memory is known where any is
    for (const Price& price : tradeoff.prices) {
        if (!price.on_front || price.step_ms >= least) continue;
        least = price.step_ms;
        tradeoff.fastest = price.record->trial.split;
    }
    return tradeoff;
}

/// From the split that holds least to the one that holds most.
std::string span_of(const TradeOff& tradeoff, const std::function<std::int64_t(const Memory&)>& part) {
    std::int64_t least = std::numeric_limits<std::int64_t>::max(), most = 0;
    for (const Price& price : tradeoff.prices) {
        if (price.record->cost.memory.parameters == 0) continue;
        least = std::min(least, part(price.record->cost.memory));
        most = std::max(most, part(price.record->cost.memory));
    }
    const std::string high = bytes_text(static_cast<double>(most));
    return least >= most ? high : fmt::format("{} to {}", bytes_text(static_cast<double>(least)), high);
}

std::string parts_of_the_peak(const TradeOff& tradeoff) {
    if (std::none_of(tradeoff.prices.begin(), tradeoff.prices.end(),
                     [](const Price& price) { return price.record->cost.memory.parameters > 0; }))
        return "";
    const auto part = [&](std::int64_t Memory::*bytes) {
        return span_of(tradeoff, [bytes](const Memory& memory) { return memory.*bytes; });
    };
    return fmt::format(
        "* memory at the peak: parameters {}, gradients (the accumulator) {}, optimizer {}, buckets {}, activations "
        "{}\n",
        part(&Memory::parameters), part(&Memory::gradients), part(&Memory::optimizer), part(&Memory::buckets),
        span_of(tradeoff, [](const Memory& memory) { return memory.activations(); }));
}

}  // namespace

std::vector<TradeOff> tradeoffs_of(const Result& result) {
    std::vector<TradeOff> all;
    for (const std::span<const Record> matrix : matrices_of(result.records)) {
        TradeOff tradeoff = tradeoff_of(matrix);
        if (tradeoff.prices.size() >= 2) all.push_back(std::move(tradeoff));
    }
    return all;
}

std::string tradeoff_markdown(const TradeOff& tradeoff) {
    std::string text = fmt::format("### What each split of {} costs\n\n", markdown_text(tradeoff.subject, 60));
    text += "| split | ms/step | fitted | memory | fitted | |\n| --- | ---: | ---: | ---: | ---: | --- |\n";
    const auto bytes = [](double value) { return value > 0 ? bytes_text(value) : std::string("-"); };
    for (std::size_t i = 0; i < tradeoff.prices.size() && i < most_rows; ++i) {
        const Price& price = tradeoff.prices[i];
        text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", to_string(price.record->trial.split),
                            short_number(price.step_ms), price.fitted_ms ? short_number(price.fitted_ms->value) : "-",
                            bytes(static_cast<double>(price.memory_bytes)),
                            bytes(price.fitted_bytes ? price.fitted_bytes->value : 0),
                            price.record->trial.split == tradeoff.fastest ? "fastest"
                            : price.on_front                              ? "on the front"
                                                                          : "");
    }
    if (tradeoff.prices.size() > most_rows)
        text += fmt::format("\n{} of {} splits are shown.\n", most_rows, tradeoff.prices.size());
    text += "\n";
    for (const std::string& line : pieces(to_string(tradeoff.model), '\n'))
        if (!line.empty()) text += "* " + markdown_text(line) + "\n";
    return text + parts_of_the_peak(tradeoff) + "\n";
}

}  // namespace isobatch
