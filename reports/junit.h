#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// JUnit XML: one test case a trial and one a claim. A divergence is a failure, a crash an error, an untested claim a
/// failure unless it was allowed, then skipped.
std::string junit_xml(const Result& result);

}  // namespace isobatch
