#pragma once

#include <filesystem>

#include "trace/trace.h"

namespace isobatch {

/// Reads a finished trace. Sizes and digests of every file are checked before a byte is used; tensors stay mapped.
/// Throws Error with the path, the place and the expectation; of kind `unfinished` when there is no manifest.
Trace read_trace(const std::filesystem::path& directory);

/// Reads what an interrupted run left: every complete line, no tensor, and a manifest that says so.
Trace read_unfinished(const std::filesystem::path& directory);

}  // namespace isobatch
