#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run/setup.h"
#include "trace/manifest.h"

namespace isobatch {

/// The manifest of a run that ended well, with where it ran.
Manifest manifest_of(const Setup& setup, Level level, std::vector<Parameter> parameters,
                     std::vector<std::string> buffers, std::int64_t steps, std::optional<std::string> follows);

/// LibTorch's release, threads, CPU and the switches that matter numerically.
std::map<std::string, std::string> provenance();

}  // namespace isobatch
