#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// One self-contained page that can be read without its script and loads nothing: the answer, every split at a glance
/// and the causes first; then what shows them, what each split costs, and how to repeat it.
std::string html_page(const Result& result);

}  // namespace isobatch
