#include "cuda/tree_norms.h"

#include <limits>

#include "cuda/elements.cuh"

namespace isobatch::cuda {

namespace {

/// A thread's columns of the tree: four neighbours.
struct FourColumns {
    double sum[4] = {}, square[4] = {}, largest = 0;
    static_assert(Norms::columns == 4 * threads);
};

__device__ double folded(const double (&columns)[4]) {
    return (columns[0] + columns[1]) + (columns[2] + columns[3]);
}

/// The sum over all threads of a block, neighbours first; both partners of an exchange get the same sum, for addition
/// does not mind the order of two.
__device__ double folded_over_block(double mine) {
    __shared__ double of_warps[threads / 32];
    for (int distance = 1; distance < 32; distance *= 2) mine += __shfl_xor_sync(~0U, mine, distance);
    if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = mine;
    __syncthreads();
    mine = of_warps[threadIdx.x % (threads / 32)];
    for (int distance = 1; distance < threads / 32; distance *= 2) mine += __shfl_xor_sync(~0U, mine, distance);
    __syncthreads();  // the memory is free for the next call
    return mine;
}

__device__ Norms folded_over_block(const FourColumns& mine) {
    Norms all;
    all.sum = folded_over_block(folded(mine.sum));
    all.squares = folded_over_block(folded(mine.square));
    all.largest = merged_over_block(mine.largest, [](double a, double b) { return a < b ? b : a; });
    return all;
}

struct TreeNorms {
    struct Task {
        Values values;
        std::int64_t count;
    };
    using Part = Norms;

    static __device__ void take(FourColumns& mine, int lane, double value) {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        const double size = value < 0 ? -value : value;
        mine.sum[lane] += value;
        mine.square[lane] += value * value;
        if (!(size <= mine.largest)) mine.largest = size < infinity ? size : infinity;
    }

    template <class T>
    __device__ FourColumns columns_of(const Task& task, std::int64_t begin, std::int64_t end) const {
        FourColumns mine;
        each_four(static_cast<const T*>(task.values.data), nothing, begin, end,
                  [&](std::int64_t, const Four<T>& four, const Four<Nothing>&, int count) {
#pragma unroll
                      for (int lane = 0; lane < 4; ++lane)
                          if (lane < count) take(mine, lane, four.value[lane]);
                  });
        return mine;
    }

    /// A chunk of the tree. A thread is given the elements of its columns row by row.
    __device__ Norms part(const Task& task, std::int64_t begin, std::int64_t end) const {
        return folded_over_block(task.values.wide ? columns_of<double>(task, begin, end)
                                                  : columns_of<float>(task, begin, end));
    }

    /// The same tree over the parts, which make room for the sums of their chunks, until one is left.
    __device__ Norms whole(Norms* parts, std::int64_t count) const {
        constexpr auto chunk = static_cast<std::int64_t>(Norms::chunk);
        for (; count > 1; count = (count + chunk - 1) / chunk)
            for (std::int64_t begin = 0; begin < count; begin += chunk) {
                FourColumns mine;
                for (std::int64_t row = begin; row < min(begin + chunk, count); row += Norms::columns)
                    for (int lane = 0; lane < 4; ++lane) {
                        const std::int64_t index = row + 4 * threadIdx.x + lane;
                        if (index >= count) continue;
                        mine.sum[lane] += parts[index].sum;
                        mine.square[lane] += parts[index].squares;
                        mine.largest = max(mine.largest, parts[index].largest);
                    }
                const Norms all = folded_over_block(mine);
                if (threadIdx.x == 0) parts[begin / chunk] = all;
                __syncthreads();
            }
        return parts[0];
    }
};

}  // namespace

std::vector<Norms> tree_norms(Queue& queue, std::span<const Values> tensors) {
    std::vector<TreeNorms::Task> tasks;
    for (const Values& values : tensors) tasks.push_back({values, values.count});
    std::vector<Norms> all = answers_of(queue, TreeNorms{}, tasks, static_cast<std::int64_t>(Norms::chunk));
    for (Norms& norms : all) norms = with_quiet_nans(norms);
    return all;
}

}  // namespace isobatch::cuda
