#pragma once

#include <string>
#include <string_view>

#include "diagnose/result.h"

namespace isobatch {

/// JUnit XML: one test case a trial and one a claim. A divergence is a failure, a crash an error, an untested claim a
/// failure unless it was allowed, then skipped.
std::string junit_xml(const Result& result);

/// Text as XML or HTML character data and attribute values. Bytes that are no UTF-8, control characters (but newline
/// and tab), changes of the reading direction and what else XML forbids become U+FFFD.
std::string escaped(std::string_view text);

}  // namespace isobatch
