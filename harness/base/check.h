#pragma once

#include <string_view>

namespace isobatch {

/// Prints the broken promise and aborts: a supervisor reports the process as crashed, so our own bug is never a
/// verdict.
[[noreturn]] void broken_promise(std::string_view condition, std::string_view meaning, const char* file, int line);

}  // namespace isobatch

/// A promise that our own code makes to itself; on in every build.
#define ISOBATCH_CHECK(condition, meaning) \
    ((condition) ? static_cast<void>(0) : ::isobatch::broken_promise(#condition, (meaning), __FILE__, __LINE__))
