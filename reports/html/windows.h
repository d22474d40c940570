#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// How the data of a trial differ from the reference's, in words: windows that no step trained on, steps that are no
/// window, and windows whose weights could not be read.
std::string windows_part(const Result& result);

}  // namespace isobatch
