#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "run/case.h"

namespace isobatch {

/// Numbers of few bits: where all weights are -1, 0 or 1, most of them 0, and all data are small integers, arithmetic
/// needs no rounding (run/certificate).

/// fp64, each entry not 0 with this probability.
at::Tensor draw_ternary(at::IntArrayRef shape, double density, Seed seed);

/// fp64, integers from -largest to largest.
at::Tensor draw_integers(at::IntArrayRef shape, int largest, Seed seed);

/// Targets [samples, longest, outputs] of small integers with one channel more, which is 1 where a position is scored.
at::Tensor scored_targets(const std::vector<std::int64_t>& lengths, std::int64_t longest, std::int64_t outputs,
                          Seed seed);

/// padded_rows that every epoch visits in their order, since their windows were made to measure.
Dataset rows_in_order(at::Tensor inputs, at::Tensor targets, std::vector<std::int64_t> lengths);

/// Summed over the scored positions of scored_targets.
at::Tensor squared_error(const at::Tensor& outputs, const at::Tensor& targets);

/// row_lengths whose sum in each window is a power of two, so that the division by it is exact too; the rows of a
/// window still differ. Equal lengths stay equal.
std::vector<std::int64_t> dyadic_lengths(const DataChoice& choice, std::int64_t longest);

}  // namespace isobatch
