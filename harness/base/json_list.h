#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace isobatch {

/// As parse_json, for a file that is one long list: `take` is given each object of the list `list` of the root as soon
/// as it is read, and the value has them no more, so that a file of any length needs the memory of one entry. Without
/// `take` nothing is left out.
Json parse_json_list(std::string_view text, const std::string& where, std::string_view list,
                     const std::function<void(const Json&)>& take);

}  // namespace isobatch
