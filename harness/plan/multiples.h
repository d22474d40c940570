#pragma once

#include <cstdint>
#include <string>

namespace isobatch {

/// The multiples of `unit` around a number that is none, as a remedy: `nearest: 60 and 66`. Both are positive.
std::string multiples_beside(std::int64_t number, std::int64_t unit);

}  // namespace isobatch
