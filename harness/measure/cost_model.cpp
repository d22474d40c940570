#include "measure/cost_model.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/bytes.h"

namespace isobatch {

namespace {

using Row = std::vector<double>;

Row time_row(const Split& split, bool simulated) {
    const double micros = static_cast<double>(simulated ? split.accum * split.devices : split.accum);
    return {micros, micros * static_cast<double>(split.per_device), static_cast<double>(split.devices - 1), 1};
}

Row memory_row(const Split& split) {
    return {1, static_cast<double>(split.per_device)};
}

constexpr std::array time_terms{"ms_per_micro", "ms_per_sample", "ms_per_further_device", "ms_per_step"};
constexpr std::array memory_terms{"bytes_fixed", "bytes_per_sample"};

Estimate term(const RobustFit& fit, std::size_t column) {
    Row unit(fit.coefficients.size(), 0);
    unit[column] = 1;
    return fit.at(unit);
}

std::string milliseconds(const Estimate& estimate) {
    return fmt::format("{:.4g} [{:.4g}, {:.4g}] ms", estimate.value, estimate.low, estimate.high);
}

std::string interval(const Estimate& estimate) {
    return fmt::format("{} [{}, {}]", bytes_text(estimate.value), bytes_text(estimate.low), bytes_text(estimate.high));
}

/// Nobody should trust a fit without its error, so that no text has one without the other.
std::string checked(const RobustFit& fit, const std::vector<Split>& seen, double goal) {
    const double worst = fit.held_out[fit.worst()];
    return fmt::format(
        "  each of {} splits predicted from the others: off by {:.1f} % in the median, {:.1f} % at most "
        "({}); goal {:.0f} %: {}\n",
        seen.size(), 100 * fit.held_out_median(), 100 * worst, to_string(seen[fit.worst()]), 100 * goal,
        worst <= goal ? "met" : "missed, so measure a split before you rely on its number");
}

template <std::size_t n>
Json fit_json(const std::optional<RobustFit>& fit, const std::vector<Split>& seen,
              const std::array<const char*, n>& terms, double goal) {
    if (!fit) return nullptr;
    Json object = Json::object(), splits = Json::array();
    for (std::size_t column = 0; column < n; ++column) {
        const Estimate estimate = term(*fit, column);
        object[terms[column]] = numbers_to_json({estimate.value, estimate.low, estimate.high});
    }
    for (std::size_t i = 0; i < seen.size(); ++i)
        splits.push_back({{"split", to_string(seen[i])}, {"held_out_error", number_to_json(fit->held_out[i])}});
    object["splits"] = std::move(splits);
    object["goal"] = goal;
    object["goal_met"] = fit->held_out[fit->worst()] <= goal;
    return object;
}

}  // namespace

CostModel cost_model(std::vector<CostPoint> points, bool simulated, bool processors) {
    CostModel model{simulated, processors, std::move(points)};
    std::vector<Row> time_rows, memory_rows;
    std::vector<double> times, memories;
    for (const CostPoint& point : model.points) {
        if (point.step_ms > 0 && std::isfinite(point.step_ms)) {
            model.timed.push_back(point.split);
            time_rows.push_back(time_row(point.split, simulated));
            times.push_back(point.step_ms);
        }
        if (point.memory_bytes > 0) {
            model.weighed.push_back(point.split);
            memory_rows.push_back(memory_row(point.split));
            memories.push_back(static_cast<double>(point.memory_bytes));
        }
    }
    if (times.size() >= points_needed(time_terms.size())) model.time = robust_fit(time_rows, times);
    if (memories.size() >= points_needed(memory_terms.size())) model.memory = robust_fit(memory_rows, memories);
    return model;
}

std::optional<Estimate> step_ms(const CostModel& model, const Split& split) {
    if (!model.time) return std::nullopt;
    return model.time->at(time_row(split, model.simulated));
}

std::optional<Estimate> memory_bytes(const CostModel& model, const Split& split) {
    if (!model.memory) return std::nullopt;
    return model.memory->at(memory_row(split));
}

std::string to_string(const CostModel& model) {
    std::string text;
    if (model.time) {
        const RobustFit& fit = *model.time;
        text += fmt::format("time{}: step = {} x ({} + per_device x {}) + (devices - 1) x {} + {}\n",
                            model.processors ? " of the processor" : "", model.simulated ? "accum x devices" : "accum",
                            milliseconds(term(fit, 0)), milliseconds(term(fit, 1)), milliseconds(term(fit, 2)),
                            milliseconds(term(fit, 3))) +
                checked(fit, model.timed, time_goal);
    } else {
        text += fmt::format("time: no fit, as {} splits were timed and it takes {}\n", model.timed.size(),
                            points_needed(time_terms.size()));
    }
    if (model.memory) {
        const RobustFit& fit = *model.memory;
        text += fmt::format("memory: {} + per_device x {}\n", interval(term(fit, 0)), interval(term(fit, 1))) +
                checked(fit, model.weighed, memory_goal);
    } else {
        text += fmt::format("memory: no fit, as {} splits were weighed and it takes {}\n", model.weighed.size(),
                            points_needed(memory_terms.size()));
    }
    return text;
}

Json to_json(const CostModel& model) {
    return {{"simulated", model.simulated},
            {"clock", model.processors ? "processor" : "wall"},
            {"time", fit_json(model.time, model.timed, time_terms, time_goal)},
            {"memory", fit_json(model.memory, model.weighed, memory_terms, memory_goal)}};
}

}  // namespace isobatch
