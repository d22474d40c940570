#pragma once

#include <vector>

#include "run/setup.h"

namespace isobatch {

/// What a person would write: the lesson's loop by hand, with no recorder, engine, decision or trace. Ranks share one
/// model, since a plain average over them is one more division.
void bare_run(const isobatch::Setup& setup);

/// The same with sums that do not depend on the order (`base/exact_sum.h`) in the place of the accumulator's.
void bare_run_in_exact_sums(const isobatch::Setup& setup);

/// The least that splits with micros of one size cost, where each micro is computed once and its gradient is given to
/// all of them: every split has its own sums, its own clip and its own step. Nothing of what a loop does between two
/// micros is run but once.
void bare_run_of_shared_micros(const std::vector<isobatch::Setup>& setups);

}  // namespace isobatch
