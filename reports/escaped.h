#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace isobatch {

/// Text as XML or HTML character data and attribute values. Bytes that are no UTF-8, control characters (but newline
/// and tab), changes of the reading direction and what else XML forbids become U+FFFD.
std::string escaped(std::string_view text);

/// The first characters of a text, none of them cut.
std::string first_characters(std::string_view text, std::size_t count);

/// The same, escaped, and how much of it is left out.
std::string shortened(std::string_view text, std::size_t count);

}  // namespace isobatch
