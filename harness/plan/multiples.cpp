#include "plan/multiples.h"

#include <fmt/format.h>

namespace isobatch {

std::string multiples_beside(std::int64_t number, std::int64_t unit) {
    const std::int64_t below = number / unit * unit;
    return below > 0 ? fmt::format("nearest: {} and {}", below, below + unit) : fmt::format("nearest: {}", unit);
}

}  // namespace isobatch
