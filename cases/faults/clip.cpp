/// Faults of clipping by the global norm. Each one records what it took for right.
#include <cmath>

#include "cases/faults/faults.h"
#include "run/replica.h"

namespace isobatch {

namespace {

double norm_of(const std::vector<at::Tensor>& parameters) {
    double squares = 0;
    for (const at::Tensor& parameter : parameters) {
        const double norm = gradient_of(parameter).norm().item<double>();
        squares += norm * norm;
    }
    return std::sqrt(squares);
}

/// Clips by a norm that is not the gradient's.
Clip clip_with(Replica& replica, double norm) {
    const Clip clip{norm, replica.clip_norm, clip_factor(norm, replica.clip_norm)};
    for (const at::Tensor& parameter : replica.parameters) gradient_of(parameter).mul_(clip.factor);
    return clip;
}

}  // namespace

bool plant_clip(const std::string& id, Setup& setup) {
    Decisions& decide = setup.decisions;
    if (id == "clip-disabled") {
        decide.clips = [](const Window&, Replica& replica) {
            return Clip{norm_of(replica.parameters), replica.clip_norm, 1};
        };
    } else if (id == "norm-misses-shards") {
        decide.clips = [](const Window&, Replica& replica) {
            std::vector<at::Tensor> held;
            for (const std::size_t p : without_the_largest(replica.parameters)) held.push_back(replica.parameters[p]);
            return clip_with(replica, norm_of(held));
        };
    } else if (id == "norm-counts-replicas") {
        decide.clips = [right = decide.clips](const Window& window, Replica& replica) -> std::optional<Clip> {
            if (window.mesh.ranks() == 1) return right(window, replica);  // bit for bit
            return clip_with(replica, norm_of(replica.parameters) * std::sqrt(window.mesh.ranks()));
        };
    } else {
        return false;
    }
    return true;
}

}  // namespace isobatch
