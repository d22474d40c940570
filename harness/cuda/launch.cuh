#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "cuda/device.h"
#include "cuda/succeeded.cuh"

namespace isobatch::cuda {

constexpr int threads = 256;  ///< of every block

/// All tensors of a launch, cut into chunks of equal length: a block takes one chunk. An empty tensor is one chunk too,
/// so that it has an answer. `Task` is what a kernel knows of a tensor, with its `count` of elements.
template <class Task>
struct Grid {
    const Task* tasks;
    const std::int64_t* first_chunk;  ///< of each tensor, and behind them the number of all
    unsigned* arrived;                ///< blocks that are done with each tensor; zero between launches
    std::int64_t task_count, chunk;
};

struct Place {
    std::int64_t task, begin, end;  ///< which tensor, and which of its elements
    std::int64_t first_chunk, chunks;
};

template <class Task>
__device__ Place place_of_block(const Grid<Task>& grid) {
    std::int64_t low = 0, high = grid.task_count;  // the last tensor that does not begin behind this block
    while (high - low > 1) {
        const std::int64_t middle = (low + high) / 2;
        (grid.first_chunk[middle] <= blockIdx.x ? low : high) = middle;
    }
    const std::int64_t first = grid.first_chunk[low], begin = (blockIdx.x - first) * grid.chunk;
    return {low, begin, min(begin + grid.chunk, grid.tasks[low].count), first, grid.first_chunk[low + 1] - first};
}

/// For the whole block, once it has written its part: whether all other blocks of its tensor have written theirs, which
/// it then sees. The counter is back at zero after the last.
template <class Task>
__device__ bool is_last_of_its_tensor(const Grid<Task>& grid, const Place& place) {
    __shared__ bool last;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        const auto others = static_cast<unsigned>(place.chunks - 1);
        last = atomicInc(&grid.arrived[place.task], others) == others;
    }
    __syncthreads();
    __threadfence();
    return last;
}

/// One answer a tensor, without atomics on anything but a counter. `Work` has the types Task and Part,
///   Part part(task, begin, end)   what the whole block finds in a chunk, and
///   Part whole(parts, count)      what the parts of a tensor, of all its blocks, make together;
/// both valid in thread 0, and the same whichever block comes last.
template <class Work>
__global__ void __launch_bounds__(threads)
    answer(Grid<typename Work::Task> grid, Work work, typename Work::Part* parts, typename Work::Part* answers) {
    const Place place = place_of_block(grid);
    const auto part = work.part(grid.tasks[place.task], place.begin, place.end);
    if (threadIdx.x == 0) parts[blockIdx.x] = part;
    if (!is_last_of_its_tensor(grid, place)) return;
    const auto whole = work.whole(parts + place.first_chunk, place.chunks);
    if (threadIdx.x == 0) answers[place.task] = whole;
}

/// As the core merges two parts.
struct Merged {
    template <class Part>
    __device__ Part operator()(const Part& a, const Part& b) const {
        return merged(a, b);
    }
};

/// Merges one part of each thread; valid in thread 0. Only for a `merge` that does not mind the order.
template <class Part, class Merge = Merged>
__device__ Part merged_over_block(const Part& mine, Merge merge = {}) {
    __shared__ alignas(16) unsigned char memory[threads * sizeof(Part)];
    Part* const parts = reinterpret_cast<Part*>(memory);
    parts[threadIdx.x] = mine;
    __syncthreads();
    for (int width = threads / 2; width > 0; width /= 2) {
        if (threadIdx.x < width) parts[threadIdx.x] = merge(parts[threadIdx.x], parts[threadIdx.x + width]);
        __syncthreads();
    }
    const Part all = parts[0];
    __syncthreads();  // the memory is free for the next call
    return all;
}

template <class Part, class Merge = Merged>
__device__ Part merged_parts(const Part* parts, std::int64_t count, Merge merge = {}) {
    Part mine{};
    for (std::int64_t i = threadIdx.x; i < count; i += threads) mine = merge(mine, parts[i]);
    return merged_over_block(mine, merge);
}

/// A power of two that gives each multiprocessor a few blocks of every size of launch, and a block enough to do.
inline std::int64_t chunk_for(std::int64_t elements) {
    int device = 0, multiprocessors = 0;
    succeeded(cudaGetDevice(&device), "asking for the device");
    succeeded(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device), "asking for its size");
    std::int64_t chunk = 1 << 12;
    while (chunk < 1 << 17 && elements / chunk > std::int64_t{16} * multiprocessors) chunk *= 2;
    return chunk;
}

/// Runs `answer` over all tensors and waits for the answers.
template <class Work>
std::vector<typename Work::Part> answers_of(Queue& queue, const Work& work,
                                            const std::vector<typename Work::Task>& tasks, std::int64_t chunk) {
    using Task = typename Work::Task;
    using Part = typename Work::Part;
    if (tasks.empty()) return {};
    std::vector<std::int64_t> first_chunk{0};
    for (const Task& task : tasks)
        first_chunk.push_back(first_chunk.back() + std::max<std::int64_t>(1, (task.count + chunk - 1) / chunk));
    const std::size_t task_bytes = tasks.size() * sizeof(Task), chunk_bytes = first_chunk.size() * sizeof(std::int64_t);
    const std::size_t answer_bytes = tasks.size() * sizeof(Part);
    const auto blocks = static_cast<unsigned>(first_chunk.back());
    const auto rounded = [](std::size_t bytes) { return (bytes + 255) / 256 * 256; };  // keeps every array aligned
    const std::size_t answers_at = rounded(task_bytes + chunk_bytes), parts_at = answers_at + rounded(answer_bytes);

    std::byte* const host = queue.pinned(parts_at);
    std::byte* const device = queue.scratch(parts_at + blocks * sizeof(Part));
    std::memcpy(host, first_chunk.data(), chunk_bytes);
    std::memcpy(host + chunk_bytes, tasks.data(), task_bytes);
    const Grid<Task> grid{reinterpret_cast<const Task*>(device + chunk_bytes),
                          reinterpret_cast<const std::int64_t*>(device),
                          reinterpret_cast<unsigned*>(queue.zeroed(tasks.size() * sizeof(unsigned))),
                          static_cast<std::int64_t>(tasks.size()), chunk};
    succeeded(cudaMemcpyAsync(device, host, task_bytes + chunk_bytes, cudaMemcpyHostToDevice, queue.stream()),
              "copying to the GPU");
    answer<<<blocks, threads, 0, queue.stream()>>>(grid, work, reinterpret_cast<Part*>(device + parts_at),
                                                   reinterpret_cast<Part*>(device + answers_at));
    succeeded(cudaGetLastError(), "starting a kernel");
    succeeded(
        cudaMemcpyAsync(host + answers_at, device + answers_at, answer_bytes, cudaMemcpyDeviceToHost, queue.stream()),
        "copying from the GPU");
    succeeded(cudaStreamSynchronize(queue.stream()), "a kernel");
    std::vector<Part> answers(tasks.size());
    std::memcpy(static_cast<void*>(answers.data()), host + answers_at, answer_bytes);
    return answers;
}

}  // namespace isobatch::cuda
