#pragma once

#include <string>

#include <ATen/core/Tensor.h>

namespace isobatch {

/// A fingerprint of the generators that operators on this device draw from. Another one: something was drawn.
std::string random_state(at::Device device);

}  // namespace isobatch
