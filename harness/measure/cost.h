#pragma once

#include <string>

#include "base/json.h"
#include "trace/trace.h"

namespace isobatch {

/// What a split costs, from its trace, and where that was measured. The only part of a record that differs between two
/// runs of one trial.
struct Cost {
    double step_ms_median =
        0;  ///< over all steps but the first, which also warms up; all ranks of a serial run together
    double samples_per_second = 0;  ///< effective batch ÷ median step
    /// Of the steps with most samples, but the first: the fastest by the clock, and the least that processors worked in
    /// one. Whatever else a machine does adds to a step and never takes from it. 0: not measured.
    double step_ms_min = 0, processor_ms_min = 0;
    Memory memory;                  ///< of the step and the rank whose tensors held most at a time
    std::string machine, software;  ///< processor; libraries with their releases. Empty: not known
    /// Where the median lies if steps are like others of their run: in 95 of 100 runs, or as far as the steps reach
    /// where they are fewer than six.
    double step_ms_low = 0, step_ms_high = 0;
    double units_per_second = 0;  ///< scored units of the step with the median time ÷ that time
    /// What the fastest step is made of, in milliseconds; a serial run's ranks together. What DDP exchanges during a
    /// backward is in that one.
    double forward_ms = 0, backward_ms = 0, exchange_ms = 0, optimizer_ms = 0;
};

Cost cost_of(const Trace& trace);

Json to_json(const Cost& cost);
Cost cost_from_json(const Json& object, const std::string& where);

}  // namespace isobatch
