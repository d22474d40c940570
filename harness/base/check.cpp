#include "base/check.h"

#include <cstdlib>

#include <fmt/format.h>

namespace isobatch {

void broken_promise(std::string_view condition, std::string_view meaning, const char* file, int line) {
    fmt::print(stderr, "isobatch: internal error: {} ({})\n  at {}:{}\n", meaning, condition, file, line);
    std::abort();
}

}  // namespace isobatch
