#pragma once

#include <optional>
#include <vector>

#include "run/replica.h"
#include "run/setup.h"
#include "trace/step.h"

namespace isobatch {

/// What "devices" means: which ranks run in this process, and how their gradients meet. One of the three virtual seams.
class Engine {
public:
    virtual ~Engine() = default;
    /// The ranks of this process, in ascending order.
    virtual std::vector<Replica>& replicas() = 0;
    /// Before a micro's forward. `exchanges`: with its backward the gradients of its rank go to the exchange, so that
    /// an engine may reduce them while it runs; what a later micro adds stays on the rank. `last`: no place has a later
    /// micro in this window.
    virtual void forward_begins(Replica& replica, bool exchanges, bool last) = 0;
    /// The loss whose backward comes next, as that engine wants it.
    virtual at::Tensor backward_begins(at::Tensor loss) = 0;
    virtual void backward_ends(Replica& replica) = 0;
    /// After the window's last backward, where the ranks exchange at all: what every rank gave is now, on each of them,
    /// its average over the places of the mesh.
    virtual void reduce(const Window& window) = 0;
    /// What went between the ranks since the last call; nothing where nothing does.
    virtual std::optional<Collectives> take_traffic() = 0;
};

}  // namespace isobatch
