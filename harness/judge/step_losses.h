#pragma once

#include <functional>
#include <optional>
#include <string>

#include "judge/verdict.h"
#include "trace/trace.h"

namespace isobatch {

/// A loss of step k, as one copy of every place has it: theirs are averaged, as their gradients are. Nothing where a
/// rank has none.
std::optional<double> mean_over_places(const Trace& trace, int copy, std::size_t k,
                                       const std::function<std::optional<double>(const Step&)>& loss_of);

/// Merges the outcome of one step; the first place with the worst of them is told.
void note_step(CheckResult& result, Outcome outcome, const Place& place, std::string message);

/// Folds one loss beside what it should be; identical where it is the reference's own. `say` tells how far it is off.
void fold_loss(CheckResult& result, const Place& place, double loss, double truth, const std::optional<double>& own,
               const Tolerance& tolerance, const std::function<std::string(double observed)>& say);

}  // namespace isobatch
