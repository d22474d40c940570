/// Faults of clipping by the global norm. Each one records what it took for right.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "base/error.h"
#include "cases/faults/faults.h"
#include "plan/exchange.h"
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

/// The largest parameter is one shard and the others another, each scaled by its own norm.
Clip clip_each_shard(const Window&, Replica& replica) {
    const std::vector<std::size_t> rest = without_the_largest(replica.parameters);
    std::vector<at::Tensor> shards[2];
    for (std::size_t p = 0; p < replica.parameters.size(); ++p)
        shards[std::find(rest.begin(), rest.end(), p) == rest.end()].push_back(replica.parameters[p]);
    Clip own;
    for (const std::vector<at::Tensor>& shard : shards) {
        own = {norm_of(shard), replica.clip_norm, clip_factor(norm_of(shard), replica.clip_norm)};
        for (const at::Tensor& parameter : shard) gradient_of(parameter).mul_(own.factor);
    }
    return own;
}

void require_no_buckets(const Setup& setup) {
    if (parse_exchange(setup.trial.engine).in_buckets())
        throw Error("DDP reduces during the backward, so nothing can look at a gradient before it", "--fault",
                    "choose --engine gloo:flat or serial");
}

}  // namespace

bool plant_clip(const std::string& id, Setup& setup) {
    Decisions& decide = setup.decisions;
    const auto right = decide.clips;
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
        decide.clips = [right](const Window& window, Replica& replica) -> std::optional<Clip> {
            if (window.mesh.ranks() == 1) return right(window, replica);  // bit for bit
            return clip_with(replica, norm_of(replica.parameters) * std::sqrt(window.mesh.ranks()));
        };
    } else if (id == "clip-local-norm") {
        decide.clips = clip_each_shard;
    } else if (id == "clip-scaled-gradients") {
        decide.clips = [](const Window&, Replica& replica) {
            return clip_with(replica, first_loss_scale * norm_of(replica.parameters));
        };
    } else if (id == "log-local-norm") {
        require_no_buckets(setup);
        const auto own = std::make_shared<std::map<int, double>>();
        decide.disturbs = [own](const Window&, const Slice&, Replica& replica) {
            (*own)[replica.rank] = norm_of(replica.parameters);
        };
        decide.clips = [own, right](const Window& window, Replica& replica) -> std::optional<Clip> {
            std::optional<Clip> clip = right(window, replica);
            if (clip && window.mesh.places > 1) clip->norm = (*own)[replica.rank];
            return clip;
        };
    } else if (id == "clip-per-micro") {
        decide.disturbs = [right](const Window& window, const Slice& micro, Replica& replica) {
            const bool last = micro.micro + 1 == window.micros_on(micro.place);  // which the step clips
            if (replica.clip_norm > 0 && !last) right(window, replica);
        };
    } else if (id == "clip-before-reduce") {
        require_no_buckets(setup);
        require_one_level(setup);
        decide.disturbs = [right](const Window& window, const Slice& micro, Replica& replica) {
            const bool last = micro.micro + 1 == window.micros_on(micro.place);
            if (replica.clip_norm > 0 && window.mesh.places > 1 && last) right(window, replica);
        };
        decide.clips = [right](const Window& window, Replica& replica) -> std::optional<Clip> {
            if (window.mesh.places == 1) return right(window, replica);
            return Clip{norm_of(replica.parameters), replica.clip_norm, 1};  // it was done
        };
    } else {
        return false;
    }
    // Where no norm is clipped, none of them has anything to get wrong.
    decide.clips = [right, faulty = decide.clips](const Window& window, Replica& replica) {
        return (replica.clip_norm > 0 ? faulty : right)(window, replica);
    };
    return true;
}

}  // namespace isobatch
