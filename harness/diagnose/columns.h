#pragma once

#include <cstddef>
#include <vector>

#include "diagnose/recovered.h"
#include "judge/yardstick.h"

namespace isobatch {

/// Appends a tensor, scaled, to a stacked column.
void append(std::vector<double>& column, const Tensor& part, double scale);

/// Columns, and what each of them is the gradient of.
struct SourceColumns {
    std::vector<std::vector<Source>> parts;
    std::vector<std::vector<double>> columns;
};

/// The gradients of the samples, of these tensors and each with its scale; none of one that has no gradient there.
SourceColumns sample_columns(const WindowScale& scale, const std::vector<std::size_t>& tensors,
                             const std::vector<double>& row_scale);

/// The same of their scored units, in a window that has them.
SourceColumns unit_columns(const WindowScale& scale, const std::vector<std::size_t>& tensors,
                           const std::vector<double>& row_scale);

/// Makes columns that are the same up to rounding one, their sum: no gradient tells what they are of apart. Rows are
/// scaled to what trusted runs of the whole window differ by, which is 1.
void merge_alike(SourceColumns& all);

/// Makes those of one micro-batch one, their sum; `micro_of` tells that of each sample.
void merge_micros(SourceColumns& all, const std::vector<int>& micro_of);

/// The gradients of the windows before w, oldest first, of these tensors and each with its scale. Of very many the
/// first is the sum of all that are not told apart.
std::vector<std::vector<double>> stale_columns(const Yardstick& yardstick, std::size_t w,
                                               const std::vector<std::size_t>& tensors,
                                               const std::vector<double>& row_scale);

/// The same of a term that the loss has once a window: zeros where nothing of a tensor's gradient comes from it.
std::vector<double> term_column(const WindowScale& scale, const std::vector<Tensor>& parts,
                                const std::vector<std::size_t>& tensors, const std::vector<double>& row_scale);

}  // namespace isobatch
