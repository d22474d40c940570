#pragma once

#include <string>

#include "run/setup.h"

namespace isobatch {

/// The operators that LibTorch takes for the attention of this case in this recipe, on this device and with the
/// switches as they are now, seen in one forward of one sample: `flash_attention`, `efficient_attention`,
/// `attention_math` (plain products) …, with a comma between several. Empty: it has none.
std::string attention_kernels(const Setup& setup);

}  // namespace isobatch
