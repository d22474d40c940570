#pragma once

#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "run/replica.h"

namespace isobatch {

/// While it lives, what a backward adds to the gradient of every second parameter of the replica is this share of it.
class ShareInSome {
public:
    ShareInSome(Replica& replica, double share);
    ~ShareInSome();
    ShareInSome(const ShareInSome&) = delete;
    ShareInSome& operator=(const ShareInSome&) = delete;

private:
    std::vector<std::pair<at::Tensor, unsigned>> hooks_;  ///< with its place among those of the parameter
};

}  // namespace isobatch
