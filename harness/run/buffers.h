#pragma once

#include <functional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "run/forced_update.h"
#include "run/replica.h"

namespace isobatch {

/// Names of what the replica's model keeps beside its parameters, as batch normalisation its running statistics: what
/// forwards alone should change, and what no gradient shows.
std::vector<std::string> buffer_names(const Replica& replica);

/// Copies of them, in that order.
std::vector<at::Tensor> buffers_of(const Replica& replica);

/// `buffer/<name>`, as they are.
StateDigests buffer_digests(const Replica& replica);

/// Those that `forwards` would leave of a model that has `before`. It is then as it was.
StateDigests owed_buffers(Replica& replica, const std::vector<at::Tensor>& before,
                          const std::function<void(Replica&)>& forwards);

}  // namespace isobatch
