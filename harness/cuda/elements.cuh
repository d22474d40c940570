#pragma once

#include <cstdint>

#include "cuda/launch.cuh"

namespace isobatch::cuda {

/// Four elements, loaded and stored at once where their address allows it.
template <class T>
struct alignas(16) Four {
    T value[4];
};

/// An element of an array that is not there.
struct Nothing {};

template <class T>
__device__ bool in_fours(const T* values) {
    return reinterpret_cast<std::uintptr_t>(values) % 16 == 0;
}
template <class T>
__device__ Four<T> four_at(const T* values, std::int64_t index) {
    return *reinterpret_cast<const Four<T>*>(values + index);
}
template <class T>
__device__ T one_at(const T* values, std::int64_t index) {
    return values[index];
}
inline __device__ bool in_fours(const Nothing*) {
    return true;
}
inline __device__ Four<Nothing> four_at(const Nothing*, std::int64_t) {
    return {};
}
inline __device__ Nothing one_at(const Nothing*, std::int64_t) {
    return {};
}

/// Stores the first `count` of four.
template <class T>
__device__ void store(T* values, std::int64_t index, const Four<T>& four, int count) {
    if (count == 4 && in_fours(values)) {
        *reinterpret_cast<Four<T>*>(values + index) = four;
        return;
    }
#pragma unroll
    for (int lane = 0; lane < 4; ++lane)
        if (lane < count) values[index + lane] = four.value[lane];
}

/// Calls visit(index, four of a, four of b, how many of them) for a thread's share of a chunk, which begins at a
/// multiple of four; indices rise. Several wide loads are under way before the first is looked at.
template <class A, class B, class Visit>
__device__ void each_four(const A* a, const B* b, std::int64_t begin, std::int64_t end, Visit visit) {
    constexpr int ahead = 4;
    constexpr std::int64_t stride = 4 * threads;
    std::int64_t i = begin + 4 * threadIdx.x;
    if (in_fours(a) && in_fours(b))
        for (; i + (ahead - 1) * stride + 4 <= end; i += ahead * stride) {
            Four<A> x[ahead];
            Four<B> y[ahead];
#pragma unroll
            for (int k = 0; k < ahead; ++k) {
                x[k] = four_at(a, i + k * stride);
                y[k] = four_at(b, i + k * stride);
            }
#pragma unroll
            for (int k = 0; k < ahead; ++k) visit(i + k * stride, x[k], y[k], 4);
        }
    for (; i < end; i += stride) {
        const int count = static_cast<int>(min(end - i, std::int64_t{4}));
        Four<A> x{};
        Four<B> y{};
#pragma unroll
        for (int lane = 0; lane < 4; ++lane)
            if (lane < count) {
                x.value[lane] = one_at(a, i + lane);
                y.value[lane] = one_at(b, i + lane);
            }
        visit(i, x, y, count);
    }
}

constexpr const Nothing* nothing = nullptr;

}  // namespace isobatch::cuda
