#pragma once

#include <vector>

#include "plan/recipe.h"

namespace isobatch {

/// The largest margin that is no growth over this history, in this recipe; infinite without a history.
///
/// A margin is the largest rounding error of a trial in units of what is allowed, fail · (E + u·A). Unchanged
/// arithmetic repeats it to the last bit, so that only a change of it (another order of sums, another library) asks
/// this question. The error of one entry is a sum of many roundings with random signs, as good as normal with some
/// deviation s; the largest of P entries is then near s·√(2 ln P), and a second draw of it exceeds twice that with a
/// probability of at most P · exp(-(2·√(2 ln P))² / 2) = P⁻³: 10⁻⁹ for the thousand entries of the smallest case. Hence
/// twice the largest that was seen. Below one E + u·A there is no growth at all: E is itself the worst of four trusted
/// runs, and what is no further off than they are is one of them.
double largest_margin(const std::vector<double>& history, Recipe recipe);

}  // namespace isobatch
