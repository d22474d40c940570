#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isobatch {

/// The pieces between separators; an empty text has one empty piece.
std::vector<std::string> pieces(std::string_view text, char separator);

std::string joined(const std::vector<std::string>& parts, std::string_view separator);

/// A decimal integer that fills the whole text (no sign but `-`, no blanks), or nothing.
std::optional<std::int64_t> whole_number(std::string_view text);

/// The entry of `known` with the smallest edit distance, for "did you mean".
std::string nearest(std::string_view word, const std::vector<std::string>& known);

/// One character of UTF-8.
struct CodePoint {
    char32_t value = 0;
    std::size_t bytes = 0;  ///< its length; 0 where the text does not start with valid UTF-8
};

/// The first character of a text that is not empty.
CodePoint first_code_point(std::string_view text);

/// Moves the cursor, starts an escape sequence, ends a line or turns the reading direction.
bool acts_on_a_terminal(char32_t character);

/// Text from a trace or a child process, safe to print on a terminal: control characters, changes of the
/// reading direction and bytes that are no UTF-8 become visible escapes.
std::string printable(std::string_view text);

}  // namespace isobatch
