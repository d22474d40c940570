#pragma once

#include <functional>
#include <optional>
#include <string>

#include <ATen/core/Tensor.h>

namespace isobatch {

/// Why arithmetic on some data is exact, in whatever order it is done.
///
/// Let every number that an operator reads be a multiple of a quantum 2^q, and no sum that any order of evaluation can
/// form be larger than 2^(q + p). Then each of those sums has at most p bits and rounds to itself in a format with a
/// significand of p bits or more: order, blocking, threads and the cut into micros cannot change a bit. It holds from
/// operator to operator: what the next one reads is what every other order would have given it.
struct Certificate {
    double bits = 0;     ///< p of the widest sum or number; infinite where an operator is met of which nothing is known
    std::string widest;  ///< the first operator that needs as many
};

/// Watches every operator that `pass` runs, forward and backward. It must be in fp64 and on this thread. The largest
/// sum of a linear operator is bounded by the same operator on absolute values.
Certificate certify(const std::function<void()>& pass);

/// The exponent of the largest power of two that divides every entry; nothing where all are 0. fp64 only.
std::optional<int> quantum_of(const at::Tensor& tensor);

}  // namespace isobatch
