#pragma once

#include "plan/isobatch.h"
#include "tests/reports/small_result.h"

namespace isobatch {

/// A matrix of real processes on at most two devices, whose splits cost what a formula says.
inline Result priced_result() {
    std::vector<Record> records;
    for (const Split& split : splits_of({.effective = 16, .max_devices = 2})) {
        Record record = small_record("gpt", split, Outcome::equivalent);
        record.trial.engine = "gloo";
        record.cost.step_ms_min = static_cast<double>(split.accum) * (1 + 0.1 * static_cast<double>(split.per_device)) +
                                  0.5 * static_cast<double>(split.devices - 1);
        record.cost.memory = {
            1'048'576 + 109'051 * split.per_device, 700'000, 300'000, 300'000, 400'000, 0, 104'857'600};
        records.push_back(record);
    }
    return assemble("isobatch check gpt --effective 16", std::move(records), {}, {});
}

}  // namespace isobatch
