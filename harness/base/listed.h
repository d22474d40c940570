#pragma once

#include <string>
#include <vector>

namespace isobatch {

/// The first three names, and how many more there are: `a, b, c and 2 more`.
std::string listed(std::vector<std::string> names);

}  // namespace isobatch
