#pragma once

#include <vector>

#include "run/replica.h"

namespace isobatch {

/// What "devices" means: which ranks run in this process, and how their gradients meet. One of the three virtual seams.
class Engine {
public:
    virtual ~Engine() = default;
    /// The ranks of this process, in ascending order.
    virtual std::vector<Replica>& replicas() = 0;
    /// Replaces every rank's gradients by their average over all ranks.
    virtual void reduce() = 0;
};

}  // namespace isobatch
