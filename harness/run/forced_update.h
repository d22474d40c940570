#pragma once

#include <functional>

#include "run/replica.h"
#include "trace/tensor.h"

namespace isobatch {

/// What `update` makes of these gradients, where the replica has one of its own: `forced/param/<p>` and
/// `forced/opt/<slot>/<p>`. The replica's parameters, optimizer state and own gradients are then as they were.
Tensors forced_update(Replica& replica, const std::vector<at::Tensor>& gradients,
                      const std::function<void(Replica&)>& update);

}  // namespace isobatch
