#include "base/listed.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace isobatch {

std::string listed(std::vector<std::string> names) {
    constexpr std::size_t shown = 3;
    const std::size_t more = names.size() - std::min(names.size(), shown);
    names.resize(names.size() - more);
    return joined(names, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace isobatch
