#pragma once

#include <memory>
#include <vector>

#include "run/replica.h"

namespace isobatch {

/// From now on what a backward adds to the p-th gradient of each replica is rounded to a multiple of the p-th quantum
/// before it is added (base/lattice.h). Where that is 0, or there is none, it stays as it is.
void round_to(std::vector<Replica>& replicas, const std::shared_ptr<const std::vector<double>>& quanta);

}  // namespace isobatch
