#pragma once

#include <string_view>

namespace isobatch {

/// The page's one script, without which it can be read all the same: it adds buttons that copy commands, sorts tables,
/// filters trials by outcome, and jumps from finding to finding on j and k.
extern const std::string_view page_script;

}  // namespace isobatch
