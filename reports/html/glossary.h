#pragma once

#include <string>

namespace isobatch {

/// The words of the page.
std::string glossary_part();

}  // namespace isobatch
