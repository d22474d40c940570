#pragma once

#include <span>

#include "cuda/device.h"

namespace isobatch {

/// Asks the stream to do nothing for some tens of milliseconds, which is longer than launches take, so that who does
/// not wait is seen; and then to write this value everywhere.
void slow_fill(cuda::Stream stream, std::span<float> values, float value);

}  // namespace isobatch
