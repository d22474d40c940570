#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "diagnose/result.h"
#include "run/setup.h"

namespace isobatch {

/// The trial under every split of its effective batch on at most so many devices.
std::vector<Trial> every_split(const Trial& trial, std::int64_t max_devices = 4);

/// Runs them in this process and judges them together, as `isobatch check` does. `plant` is for trials with a fault.
Result run_all(const std::vector<Trial>& trials, const Plant& plant = nullptr);

/// What a test that fails is to say: the answer, and of each cause what it is, where it is seen first, what to change
/// and the command that repeats it; or which claim nothing could have broken. Empty where every split trains like the
/// single large batch and every claim of the contract could have failed.
std::string complaint(const Result& result);

}  // namespace isobatch
