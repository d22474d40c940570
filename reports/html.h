#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// One self-contained page without a script: the answer, the findings with their weights, a row a split, the claims,
/// and how to repeat it.
std::string html_page(const Result& result);

}  // namespace isobatch
