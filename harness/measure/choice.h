#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "measure/cost_model.h"

namespace isobatch {

/// Whether a split's memory is within the limit: `may` where the limit lies inside the interval.
enum class Fits { yes, may, no };

/// A split that could be chosen, and what it is predicted to cost.
struct Choice {
    Split split;
    std::optional<Estimate> step_ms, memory_bytes;
    Fits fits = Fits::yes;
};

/// What fits first, then what may, each from the fastest to the slowest; where nothing is known, in the given order.
/// `limit`: bytes of one device; 0: none. Throws Error where a limit is given and the model has no memory.
std::vector<Choice> ranked(const CostModel& model, const std::vector<Split>& splits, std::int64_t limit);

/// The fastest split that fits; nothing where none does, or no time is known.
std::optional<Split> recommended(const std::vector<Choice>& choices);

/// A line a choice, and what is recommended.
std::string to_string(const std::vector<Choice>& choices, std::int64_t limit);
Json to_json(const std::vector<Choice>& choices);

std::string to_string(Fits fits);

}  // namespace isobatch
