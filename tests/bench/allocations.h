#pragma once

#include <cstdint>

namespace isobatch {

/// How often this program and the libraries that it has loaded have asked for memory with `new`, so far.
std::int64_t allocations();

}  // namespace isobatch
