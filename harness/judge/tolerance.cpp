#include "judge/tolerance.h"

#include <limits>

#include <fmt/format.h>

namespace isobatch {

std::string to_string(const Tolerance& tolerance) {
    if (tolerance.factor == 0) return "0: nothing needs rounding";
    return fmt::format("{:g} · (E {:.2g} + u·A {:.2g})", tolerance.factor, tolerance.error,
                       tolerance.unit_roundoff * tolerance.magnitude);
}

Bound bound_of(Recipe recipe) {
    if (sums_narrow(recipe)) return {unit_roundoff(recipe), narrow_suspect_factor, narrow_fail_factor};
    if (recipe == Recipe::tf32) return {tf32_roundoff, narrow_suspect_factor, narrow_fail_factor};
    if (computes_narrow(recipe)) return {narrow_roundoff, narrow_suspect_factor, narrow_fail_factor};
    return {unit_roundoff(recipe), suspect_factor, fail_factor};
}

double residual_limit(Recipe recipe) {
    if (computes_narrow(recipe)) return 2e-2;
    return recipe == Recipe::fp64 ? 1e-10 : 1e-4;
}

double margin_of(double observed, const Tolerance& tolerance) {
    if (observed == 0) return 0;
    const double allowed = tolerance.allowed();
    return allowed > 0 ? observed / allowed : std::numeric_limits<double>::infinity();
}

}  // namespace isobatch
