#pragma once

#include <string>

#include "diagnose/contradiction.h"

namespace isobatch {

/// A divergent 2x2x1 trial of one window: micro 0 has samples a and b with 3 units, micro 1 has c with 1. Its weights
/// are what no division by the number of micros would leave.
inline Record record() {
    Record record;
    record.trial.split = {2, 2, 1};
    record.trial.recipe = Recipe::fp64;
    record.repro = "repro";
    record.verdict.outcome = Outcome::divergent;
    record.verdict.checks = {{.check = Check::data},
                             {.check = Check::grad, .outcome = Outcome::divergent, .first = Place{2, 0, "w", 5}}};
    WindowEvidence window{.step = 2,
                          .window = 3,
                          .samples = {"a", "b", "c"},
                          .sample_units = {1, 2, 1},
                          .micro_of = {0, 0, 1},
                          .layout = {{{0, 0, 2, 3}, {0, 1, 1, 1}}, false},
                          .condition = 2,
                          .weight_tolerance = 1e-6,
                          .refused = {},
                          .recovered = {{{0}, {2, 2, 2}, {0, 0}, 0}}};
    record.evidence.windows = {window};
    return record;
}

inline Recovered& recovered(Record& record) {
    return record.evidence.windows[0].recovered[0];
}
inline std::string against(Cause cause, const Record& record) {
    return contradiction(cause, record);
}

}  // namespace isobatch
