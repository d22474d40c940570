#pragma once

#include <vector>

#include "run/replica.h"
#include "run/setup.h"

namespace isobatch {

/// What "devices" means: which ranks run in this process, and how their gradients meet. One of the three virtual seams.
class Engine {
public:
    virtual ~Engine() = default;
    /// The ranks of this process, in ascending order.
    virtual std::vector<Replica>& replicas() = 0;
    /// Before a micro's forward. `synchronises`: whether its backward completes the gradients of this rank's window, so
    /// that an engine may reduce them while it runs.
    virtual void forward_begins(bool synchronises) = 0;
    /// The loss whose backward comes next, as that engine wants it.
    virtual at::Tensor backward_begins(at::Tensor loss) = 0;
    /// After the window's last backward: every rank's gradients are now their average over all ranks.
    virtual void reduce(const Window& window) = 0;
};

}  // namespace isobatch
