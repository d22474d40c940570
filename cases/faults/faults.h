#pragma once

#include <string>

#include "run/setup.h"

namespace isobatch {

/// Replaces the part of the setup that this fault gets wrong. Throws Error for an id that is not in the catalogue.
void plant(const std::string& id, Setup& setup);

/// The families, one file each; false when the id is not theirs.
bool plant_denominator(const std::string& id, Setup& setup);
bool plant_accumulator(const std::string& id, Setup& setup);
bool plant_synchronisation(const std::string& id, Setup& setup);

}  // namespace isobatch
