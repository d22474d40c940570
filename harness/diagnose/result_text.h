#pragma once

#include <string>
#include <string_view>

#include "diagnose/result.h"

namespace isobatch {

/// A result as the text of a file, a line a record, and the inverse. Both go through one record after another: of ten
/// thousand trials no second copy is ever held.
std::string json_text(const Result& result);
Result result_from_text(std::string_view text, const std::string& where);

}  // namespace isobatch
