#pragma once

#include "judge/align.h"
#include "judge/verdict.h"
#include "judge/yardstick.h"
#include "trace/trace.h"

namespace isobatch {

/// What can be asked of an outside trainer in every window, though only the first starts from the reference's state.

/// Which samples, in which window, and how many units they count. Inconclusive where the data come in another order.
CheckResult check_outside_data(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment);
/// What the accumulator held before a window, what was cleared inside one, and what came after its exchange.
CheckResult check_outside_events(const Trace& candidate, bool own_sums);
/// Whether the trainer clears what its micros added and sums it itself: its first window was cleared between its
/// micros, and its gradient is right.
bool keeps_own_sums(const Trace& candidate, const CheckResult& grad);
/// Updates for the samples used, and learning rate, other settings, clip and schedule at each update.
CheckResult check_outside_step(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment);
/// What the optimizer's state holds before an update: which slots, of how many parameters; and before the second one
/// how large it is, where the first was made of the reference's gradient.
CheckResult check_outside_state(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment,
                                const CheckResult& grad);
/// Makes `grad` divergent where ranks step with different gradients, judged or not.
void require_one_gradient(const Trace& candidate, CheckResult& grad);

}  // namespace isobatch
