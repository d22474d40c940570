#pragma once

#include <string>

#include "diagnose/result.h"

namespace isobatch {

/// What each split costs, for a spreadsheet or a plot: CSV (RFC 4180) with a head, a row a trial, nothing where nothing
/// was measured. No cell is a formula.
std::string costs_csv(const Result& result);

}  // namespace isobatch
