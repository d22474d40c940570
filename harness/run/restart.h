#pragma once

#include <vector>

#include "run/replica.h"

namespace isobatch {

/// What a replica goes on from in another run, as the bytes of a checkpoint: parameters, buffers, the optimizer's state
/// and where the schedule is. Never gradients, which every run begins without.
std::vector<char> checkpoint_of(const Replica& replica);

/// The replica as a run begins with it, but for what the checkpoint holds: where it holds too little, no number is
/// left.
void restart_from(const std::vector<char>& checkpoint, Replica& replica);

}  // namespace isobatch
