#pragma once

#include <cstdint>
#include <vector>

#include "base/seed.h"
#include "run/case.h"

namespace isobatch {

/// The target of a position that is not scored.
inline constexpr std::int64_t ignored = -100;

/// Scored positions of each row: `ragged` draws 1 to `longest` and leaves every sixteenth row without any, `equal`
/// gives all rows `longest`.
std::vector<std::int64_t> row_lengths(std::int64_t rows, std::int64_t longest, Lengths lengths, Seed seed);

/// A data set of rows: `inputs` [rows, longest, …] and `targets` [rows, longest], already padded with `ignored`. A pick
/// is cut to its longest row, as a padding collator does.
Dataset padded_rows(at::Tensor inputs, at::Tensor targets, std::vector<std::int64_t> lengths);

/// A data set of samples that count one each and need no padding: row i of both.
Dataset whole_samples(at::Tensor inputs, at::Tensor targets);

}  // namespace isobatch
