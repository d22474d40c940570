#pragma once

#include "base/json.h"
#include "trace/trace.h"

namespace isobatch {

/// What a split costs, from the times in its trace. The only part of a record that differs between two runs of one
/// trial.
struct Cost {
    double step_ms_median =
        0;  ///< over all steps but the first, which also warms up; all ranks of a serial run together
    double samples_per_second = 0;  ///< effective batch ÷ median step
};

Cost cost_of(const Trace& trace);

Json to_json(const Cost& cost);
Cost cost_from_json(const Json& object, const std::string& where);

}  // namespace isobatch
