#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "measure/robust_fit.h"
#include "plan/split.h"

namespace isobatch {

/// What one split was measured to cost.
struct CostPoint {
    Split split;
    double step_ms = 0;             ///< the fastest full step; 0: not measured
    std::int64_t memory_bytes = 0;  ///< the most that one rank held; 0: not measured
};

/// What any split of a training costs, from those that were measured:
/// step = micros · (o + c · per_device) + r · (devices - 1) + u, and memory = fixed + a · per_device. The micros are
/// those that follow one another: accum, and accum · devices where one process simulates the devices. What an exchange
/// moves is the same in every split of one model, so that it is part of r. Where the points have one number of samples
/// in a row, u cannot be told from c, which has both.
struct CostModel {
    bool simulated = false;
    bool processors = false;  ///< its times are what the processor worked, which no other program adds to
    std::vector<CostPoint> points;
    std::vector<Split> timed, weighed;      ///< the splits that each fit has seen
    std::optional<RobustFit> time, memory;  ///< nothing where too few splits were measured
};

/// What a prediction for a split that was not measured may be off by.
inline constexpr double time_goal = 0.10, memory_goal = 0.05;

/// `simulated`: one process ran the devices one after another. `processors`: as in CostModel.
CostModel cost_model(std::vector<CostPoint> points, bool simulated, bool processors = false);

/// Of any split; nothing where there is no fit.
std::optional<Estimate> step_ms(const CostModel& model, const Split& split);
std::optional<Estimate> memory_bytes(const CostModel& model, const Split& split);

/// The formulas with their intervals, how far off the splits are that a fit has not seen, and whether that is within
/// the goal.
std::string to_string(const CostModel& model);
Json to_json(const CostModel& model);

}  // namespace isobatch
