#include "reports/gate/margin.h"

#include <algorithm>
#include <limits>

#include "judge/tolerance.h"

namespace isobatch {

double largest_margin(const std::vector<double>& history, Recipe recipe) {
    if (history.empty()) return std::numeric_limits<double>::infinity();
    return std::max(2 * *std::max_element(history.begin(), history.end()), 1 / bound_of(recipe).fail);
}

}  // namespace isobatch
