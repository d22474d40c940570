#pragma once

#include <cstddef>
#include <vector>

#include "judge/yardstick.h"

namespace isobatch {

/// Appends a tensor, scaled, to a stacked column.
void append(std::vector<double>& column, const Tensor& part, double scale);

/// The gradients of the windows before w, oldest first, of these tensors and each with its scale. Of very many the
/// first is the sum of all that are not told apart.
std::vector<std::vector<double>> stale_columns(const Yardstick& yardstick, std::size_t w,
                                               const std::vector<std::size_t>& tensors,
                                               const std::vector<double>& row_scale);

/// The same of a term that the loss has once a window: zeros where nothing of a tensor's gradient comes from it.
std::vector<double> term_column(const WindowScale& scale, const std::vector<Tensor>& parts,
                                const std::vector<std::size_t>& tensors, const std::vector<double>& row_scale);

}  // namespace isobatch
