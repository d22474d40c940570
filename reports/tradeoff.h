#pragma once

#include <optional>
#include <string>
#include <vector>

#include "diagnose/result.h"
#include "measure/cost_model.h"

namespace isobatch {

/// A split's price: what was measured and, where there is a fit, what it says.
struct Price {
    const Record* record;
    double step_ms = 0;             ///< the fastest full step; 0: not measured
    std::int64_t memory_bytes = 0;  ///< 0: not measured
    std::optional<Estimate> fitted_ms, fitted_bytes;
    bool on_front = false;  ///< no other split is faster without more memory, or smaller without more time
};

/// What the splits of one matrix trade: memory against time.
struct TradeOff {
    std::string subject;
    CostModel model;
    std::vector<Price> prices;
    std::optional<Split> fastest;  ///< what is recommended where memory does not matter: the fastest of the front
};

/// One for each matrix in which at least two splits were timed. The records stay the result's.
std::vector<TradeOff> tradeoffs_of(const Result& result);

/// A table for a job's page or a README, with the fit and how far off it is.
std::string tradeoff_markdown(const TradeOff& tradeoff);

}  // namespace isobatch
