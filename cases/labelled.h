#pragma once

#include <cstdint>

#include "run/case.h"

namespace isobatch {

/// Rows of normal features, up to `longest` a row, each labelled with the largest of so many linear functions of them.
Dataset labelled_rows(const DataChoice& choice, std::int64_t longest, std::int64_t features, std::int64_t classes);

}  // namespace isobatch
