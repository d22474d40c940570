#pragma once

#include <string>

#include "judge/yardstick.h"
#include "trace/step.h"

namespace isobatch {

/// Where no weights of its samples explain an outside trainer's window: a sentence when this split's gradient is away
/// from the reference's by a share of one and the same term, by which the run with one sample a micro-batch is. Such a
/// term is added with every backward, or divided by how many there are. Empty where the difference is another one, is
/// no more than rounding, or where the split is that run.
std::string term_of_each_backward(const WindowScale& window, const Step& step);

}  // namespace isobatch
