#pragma once

#include <string>
#include <vector>

#include "judge/yardstick.h"
#include "plan/clause.h"
#include "trace/trace.h"

namespace isobatch {

/// How much the summed loss of each sample weighs in the reference's first gradient, up to one common factor.
struct Pull {
    std::vector<double> weights, units;  ///< of the samples that have a gradient
    double tolerance = 0;                ///< relative, of a weight
    std::string unknown;                 ///< why there are no weights; empty where there are
};

/// Sets the contract and its clauses: what was said of the trainer, and for the rest what its reference does. A claim
/// is broken only where the recording shows something else, never where it shows nothing.
void hold_to_contract(Yardstick& yardstick, const Trace& reference, const Trace& columns, const Pull& pull,
                      const Said& said);

}  // namespace isobatch
