#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "plan/translation.h"

namespace isobatch {

/// For a terminal: the split, what was assumed and left aside, what each interval is in updates and samples, and the
/// names of every dialect in `to`.
std::string translation_text(const Dialect& from, const Translation& translation,
                             const std::vector<const Dialect*>& to);

Json translation_json(const Dialect& from, const Translation& translation, const std::vector<const Dialect*>& to);

}  // namespace isobatch
