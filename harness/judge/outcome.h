#pragma once

#include <string>
#include <string_view>

namespace isobatch {

/// From best to worst; merging takes the worst. `identical` means bitwise.
enum class Outcome { identical, equivalent, inconclusive, divergent, out_of_memory, crashed };

/// The trial has come to no answer: it ran out of memory, or crashed.
inline bool unanswered(Outcome outcome) {
    return outcome >= Outcome::out_of_memory;
}

std::string to_string(Outcome outcome);
Outcome parse_outcome(std::string_view text);

inline Outcome worst(Outcome a, Outcome b) {
    return a < b ? b : a;
}

/// Exit code of a run whose worst outcome this is.
int exit_code(Outcome outcome);

}  // namespace isobatch
