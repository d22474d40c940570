#pragma once

#include <functional>
#include <span>

#include "run/replica.h"
#include "run/setup.h"

namespace isobatch {

/// The loss summed over the units of these samples, in the replica's recipe; at least fp32. Its graph ends in
/// `parameters`, so that whatever waits for their gradients does not know of copies.
at::Tensor forward(const Setup& setup, const Replica& replica, std::span<const std::int64_t> samples);

/// Of another loss than the case's.
at::Tensor forward(const Setup& setup, const Replica& replica, std::span<const std::int64_t> samples,
                   const std::function<at::Tensor(torch::nn::Module& model, const Examples& examples)>& loss);

}  // namespace isobatch
