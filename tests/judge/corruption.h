#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "judge/judge.h"
#include "tests/judge/synthetic.h"

namespace isobatch {

/// A good candidate of at least two ranks, about to be corrupted, and what it is judged by.
struct Patient {
    Trace& trace;
    const Yardstick& yardstick;
    const std::vector<Step>& reference;

    template <class Act>
    void each_rank(Act act) {
        for (std::vector<Step>& steps : trace.ranks) act(steps);
    }
    /// Acts on the k-th step of every rank.
    template <class Act>
    void each_step(std::size_t k, Act act) {
        for (std::vector<Step>& steps : trace.ranks) act(steps.at(k));
    }
    Step& step(std::size_t k, std::size_t rank = 0) { return trace.ranks.at(rank).at(k); }
    std::vector<std::string>& samples(std::size_t k, std::size_t rank = 0, std::size_t micro = 0) {
        return step(k, rank).micros.at(micro).samples;
    }
};

/// Of which matrix the good candidate is. The first is the usual one; in `copies` two ranks hold the same samples, so
/// that ranks 0 and 1 are of one place; in `twins` it was asked for all identities, in `free` for its trajectory.
enum class Ward { clipped, unclipped, copies, twins, free };

/// One thing that is wrong with a candidate, and all that may notice it.
struct Damage {
    std::string name;
    std::set<Check> red;    ///< the checks that must be divergent
    std::int64_t step = 0;  ///< where the first check that notices sees it first
    int rank = 0;
    std::function<void(Patient)> make;
    std::string why;         ///< where nothing notices: why that is right
    std::set<Check> unsure;  ///< the checks that must be inconclusive
    std::string says;        ///< a part of the message
    std::string error;       ///< a part of the Error, where the trace cannot be judged at all; `says`: of its place
    bool crashed = false;
    Ward ward = Ward::clipped;
};
using Damages = std::vector<Damage>;

/// Acts on step k of one rank, or of all.
inline constexpr int all_ranks = -1;
std::function<void(Patient)> at(std::size_t k, int rank, std::function<void(Step&)> act);

/// The same damage with the norm recorded that the damaged gradient has, as a trainer would that has such a gradient.
Damages with_their_norms(Damages damages);

/// `(step 3, rank 1)`, of a step index.
std::string place_name(std::size_t k, int rank);

// The families, one a file.
Damages damages_of_data();
Damages damages_of_ledgers();   ///< ids, units and micros, place by place
Damages damages_of_weights();   ///< of samples and of whole gradients
Damages damages_of_tensors();   ///< one tensor that is another
Damages damages_of_elements();  ///< on both sides of each line of the tolerance
Damages damages_of_ranks();     ///< one rank that differs from the others
Damages damages_of_formats(Recipe recipe);
Damages damages_of_steps();
Damages damages_of_events();
Damages damages_of_losses();
Damages damages_of_norms();
Damages damages_of_updates();
Damages damages_of_buffers();
Damages damages_of_manifests();
Damages damages_of_copies();
Damages damages_of_identities();
Damages damages_of_trajectories();

/// All families.
Damages all_damages(Recipe recipe);

}  // namespace isobatch
