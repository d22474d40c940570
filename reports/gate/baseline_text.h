#pragma once

#include <string>
#include <string_view>

#include "reports/gate/baseline.h"

namespace isobatch {

/// A baseline as the text of a file, a line a trial, documented in reports/baseline.schema.json.
std::string baseline_text(const Baseline& baseline);

/// The inverse. Trusts nothing: throws Error for whatever is not exactly such a text.
Baseline baseline_from_text(std::string_view text, const std::string& where);

}  // namespace isobatch
