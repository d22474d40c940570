#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "run/replica.h"
#include "run/setup.h"

namespace isobatch {

/// Where the pieces of a cut end: each at the end of a part.
using Ends = std::vector<std::size_t>;

/// The gradient of some samples' share of the window's loss, without touching .grad, and that share.
struct Share {
    std::vector<at::Tensor> gradients;
    double loss = 0;
};

void add(Share& total, const Share& part);

/// Computes shares at the current parameters of one replica.
class Shares {
public:
    Shares(const Setup& setup, const Replica& replica, const Window& window)
        : setup_(&setup), replica_(&replica), window_(&window) {}

    /// `scale` is divided out again after the backward, as an average over that many ranks does.
    Share of(std::span<const std::int64_t> samples, double scale = 1) const;
    /// Of one scored unit of a sample, in a data set that can score it alone.
    Share of_unit(std::int64_t sample, std::int64_t unit) const;
    /// The sum over consecutive pieces of the window that end at `ends`.
    Share sum(const Ends& ends, double scale = 1) const;

private:
    Share of(const at::Tensor& loss_sum, double scale) const;

    const Setup* setup_;
    const Replica* replica_;
    const Window* window_;
};

}  // namespace isobatch
