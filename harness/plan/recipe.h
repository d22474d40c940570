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

/// Bits that a sum may need and still be exact: those of the significand less one, so that two such sums of one
/// quantum can meet in one accumulator, as the two uses of a tied parameter do.
double exact_bits(Recipe recipe);

}  // namespace isobatch
