#pragma once

#include <string_view>

namespace isobatch {

/// The page's one style sheet: light and dark, narrow and wide, screen and print.
extern const std::string_view page_style;

}  // namespace isobatch
