#pragma once

#include <string>
#include <string_view>

namespace isobatch {

/// The precision of a run: parameters, arithmetic, accumulator and reduction alike.
enum class Recipe { fp64, fp32 };

std::string to_string(Recipe recipe);
Recipe parse_recipe(std::string_view text);

/// Unit roundoff of the accumulator: 2^-53 or 2^-24.
double unit_roundoff(Recipe recipe);

}  // namespace isobatch
