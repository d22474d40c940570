#pragma once

#include <cstdint>

namespace isobatch::cuda {

/// The numbers of a tensor in memory of the GPU, by their flat index.
struct Values {
    const void* data = nullptr;
    std::int64_t count = 0;
    bool wide = false;  ///< doubles, else floats

    Values() = default;
    Values(const float* floats, std::int64_t size) : data(floats), count(size) {}
    Values(const double* doubles, std::int64_t size) : data(doubles), count(size), wide(true) {}
};

}  // namespace isobatch::cuda
