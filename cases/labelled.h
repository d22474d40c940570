#pragma once

#include <cstdint>

#include "run/case.h"

namespace isobatch {

/// Rows of normal features, up to `longest` a row, each labelled with the largest of so many linear functions of them.
Dataset labelled_rows(const DataChoice& choice, std::int64_t longest, std::int64_t features, std::int64_t classes);

/// What the logits, one a class, of every unit that is not ignored cost, added up.
at::Tensor labelled_loss(const at::Tensor& logits, const at::Tensor& targets, double smoothing = 0);

}  // namespace isobatch
