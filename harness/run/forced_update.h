#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "run/replica.h"
#include "trace/step.h"

namespace isobatch {

using Update = std::function<void(Replica&)>;

/// That of the loop, that of a right one, and that of a right one without weight decay; and what passes through the
/// model before them, in a right loop: each of the replica's micros, so many times.
struct Updates {
    Update own, right, undecayed;
    std::function<void(Replica&, int times)> forwards;
};

/// What `update` makes of these gradients, where the replica has one of its own: `forced/param/<p>` and
/// `forced/opt/<slot>/<p>`. The replica's parameters, optimizer state and own gradients are then as they were.
Tensors forced_update(Replica& replica, const std::vector<at::Tensor>& gradients, const Update& update);

/// Digests of what a replica holds, `param/<p>` and `opt/<slot>/<p>`.
using StateDigests = std::map<std::string, std::string>;
StateDigests state_digests(const Replica& replica);

/// Those that `update` would leave, made of the replica's own gradients. It is then as it was.
StateDigests owed_state(Replica& replica, const Update& update);

/// The parameters that a forced update `left`, beside those that one without weight decay makes of the same gradients.
Made undecayed_made(Replica& replica, const std::vector<at::Tensor>& gradients, const Tensors& left,
                    const Update& undecayed);

/// What an update of these gradients leaves, once the first entry of each is infinite, beside what was there before:
/// all but averages of the parameters.
Made overflow_made(Replica& replica, const std::vector<at::Tensor>& gradients, const Update& update);

Made beside(const StateDigests& found, const StateDigests& owed);

/// The two beside each other, by kind: `param` and `opt`.
std::map<std::string, Made> made_of(const StateDigests& found, const StateDigests& owed);

}  // namespace isobatch
