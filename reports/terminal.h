#pragma once

#include <array>
#include <string>
#include <string_view>

#include "diagnose/result.h"

namespace isobatch {

/// The table, the findings and the answer, for a terminal of any width; `colour` adds ANSI colours (never the only
/// meaning).
std::string terminal_text(const Result& result, bool colour);

/// The answer to `identical`, `divergent` … in its colour.
std::string coloured(Outcome outcome, bool colour);

/// A number for people: 3 significant digits, `-` for none.
std::string short_number(double value);

/// A trial's margin, sensitivity and milliseconds a step; `-` for what it does not have: a crash has no margin, and not
/// every trial was timed.
std::array<std::string, 3> numbers_of(const Record& record);

/// A weight to 10 digits, without the sign of a rounded zero; `absent` for none.
std::string weight_text(double value, std::string_view absent);

/// Weights of units, one after another, as short numbers.
std::string weights_text(const std::vector<double>& weights);

}  // namespace isobatch
