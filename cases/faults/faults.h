#pragma once

#include <string>

#include "run/setup.h"

namespace isobatch {

/// Replaces the part of the setup that this fault gets wrong. Throws Error for what parse_fault does not know.
void plant(const std::string& fault, Setup& setup);

/// Throws Error where ranks exchange in two levels: every micro is then exchanged in its own group, and a fault that is
/// about one rank's micros would be another.
void require_one_level(const Setup& setup);

/// All parameters but the largest.
std::vector<std::size_t> without_the_largest(const std::vector<at::Tensor>& parameters);

/// The families, one file each; false when the id is not theirs.
bool plant_denominator(const std::string& id, Setup& setup);
bool plant_accumulator(const std::string& id, Setup& setup);
bool plant_clip(const std::string& id, Setup& setup);
bool plant_precision(const std::string& id, Setup& setup);
bool plant_synchronisation(const std::string& id, Setup& setup);
bool plant_data(const std::string& id, Setup& setup);
bool plant_loss(const std::string& id, Setup& setup);
bool plant_reporting(const std::string& id, Setup& setup);
bool plant_statistics(const std::string& id, Setup& setup);
bool plant_schedule(const std::string& id, Setup& setup);

}  // namespace isobatch
