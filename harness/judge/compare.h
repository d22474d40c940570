#pragma once

#include <cstdint>

#include "trace/tensor.h"

namespace isobatch {

/// The distance of two floating-point tensors of one size, computed in fp64.
struct Difference {
    double largest = 0;       ///< max |a - b|; infinite where either is NaN or an infinity meets anything but itself
    std::int64_t at = -1;     ///< flat index of the largest; -1 when all are equal
    std::int64_t over = 0;    ///< how many elements are further apart than allowed
    std::int64_t first = -1;  ///< flat index of the first of them
};

/// One pass, no temporaries. The dtypes may differ (an fp32 gradient against its fp64 truth).
Difference compare(const Tensor& a, const Tensor& b, double allowed);

/// The largest |entry|; infinite where one is not finite.
double peak(const Tensor& tensor);

/// Same dtype, shape and bytes.
bool identical(const Tensor& a, const Tensor& b);

}  // namespace isobatch
