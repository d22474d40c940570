#pragma once

#include <cstddef>
#include <string_view>

namespace isobatch {

/// How many letters are inserted, removed or replaced to make one word of the other.
std::size_t edit_distance(std::string_view one, std::string_view other);

}  // namespace isobatch
