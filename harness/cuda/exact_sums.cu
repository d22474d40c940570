#include "cuda/exact_sums.h"

#include <cmath>
#include <limits>
#include <optional>

#include "base/check.h"
#include "cuda/elements.cuh"

namespace isobatch::cuda {

namespace {

/// Whether anything was out of range.
__device__ unsigned any_of(const unsigned* parts, std::int64_t count) {
    return merged_parts(parts, count, [](unsigned a, unsigned b) { return a | b; });
}

struct Add {
    struct Task {
        Values values;
        std::int64_t* counts;
        std::int64_t count;
        double scale, limit;
    };
    using Part = unsigned;

    /// Why this is the count: base/exact_sum.cpp.
    static __device__ bool add_one(std::int64_t& count, double value, const Task& task) {
        constexpr double whole_numbers = 0x1.8p52;
        const double shifted = fma(value, task.scale, whole_numbers);
        const bool within = fabs(shifted - whole_numbers) <= task.limit;
        if (within) count += __double_as_longlong(shifted) - __double_as_longlong(whole_numbers);
        return within;
    }

    template <class T>
    __device__ bool added(const Task& task, std::int64_t begin, std::int64_t end) const {
        bool all = true;
        each_four(static_cast<const T*>(task.values.data), task.counts, begin, end,
                  [&](std::int64_t index, const Four<T>& four, Four<std::int64_t> counts, int count) {
#pragma unroll
                      for (int lane = 0; lane < 4; ++lane)
                          if (lane < count) all = add_one(counts.value[lane], four.value[lane], task) && all;
                      store(task.counts, index, counts, count);
                  });
        return all;
    }

    __device__ unsigned part(const Task& task, std::int64_t begin, std::int64_t end) const {
        const bool all = task.values.wide ? added<double>(task, begin, end) : added<float>(task, begin, end);
        return __syncthreads_or(!all);
    }

    __device__ unsigned whole(const unsigned* parts, std::int64_t count) const {
        return any_of(parts, count);
    }
};

template <class T>
struct Read {
    struct Task {
        const std::int64_t* counts;
        T* values;
        std::int64_t count;
        double quantum;  ///< NaN where the sum does not hold
    };
    using Part = unsigned;

    __device__ unsigned part(const Task& task, std::int64_t begin, std::int64_t end) const {
        each_four(task.counts, nothing, begin, end,
                  [&](std::int64_t index, const Four<std::int64_t>& counts, const Four<Nothing>&, int count) {
                      Four<T> read;
#pragma unroll
                      for (int lane = 0; lane < 4; ++lane)
                          read.value[lane] =
                              static_cast<T>(static_cast<double>(static_cast<T>(counts.value[lane])) * task.quantum);
                      store(task.values, index, read, count);
                  });
        return 0;
    }

    __device__ unsigned whole(const unsigned*, std::int64_t) const {
        return 0;
    }
};

template <class T>
void read_values(Queue& queue, std::span<const ExactSumOnDevice> sums, std::span<T* const> values) {
    ISOBATCH_CHECK(values.size() == sums.size(), "each sum is read to a place of its own");
    std::vector<typename Read<T>::Task> tasks;
    std::int64_t elements = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
        const double quantum = sums[i].holds() ? sums[i].quantum.value() : std::numeric_limits<double>::quiet_NaN();
        tasks.push_back({sums[i].counts, values[i], sums[i].size, quantum});
        elements += sums[i].size;
    }
    answers_of(queue, Read<T>{}, tasks, chunk_for(elements));
}

}  // namespace

void add(Queue& queue, std::span<ExactSumOnDevice> sums, std::span<const Values> values, double weight) {
    ISOBATCH_CHECK(values.size() == sums.size(), "each sum is given one addend");
    std::vector<Add::Task> tasks;
    std::vector<ExactSumOnDevice*> counted;
    std::int64_t elements = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
        ISOBATCH_CHECK(values[i].count == sums[i].size, "a sum and its addends have one size");
        const std::optional<double> scale = sums[i].next_scale(weight);
        if (!scale) continue;
        const double limit = std::ldexp(1.0, sums[i].quantum.count_bits);
        tasks.push_back({values[i], sums[i].counts, sums[i].size, *scale, limit});
        counted.push_back(&sums[i]);
        elements += sums[i].size;
    }
    const std::vector<unsigned> out_of_range = answers_of(queue, Add{}, tasks, chunk_for(elements));
    for (std::size_t i = 0; i < counted.size(); ++i)
        if (out_of_range[i] != 0) counted[i]->out_of_range = true;
}

void read(Queue& queue, std::span<const ExactSumOnDevice> sums, std::span<double* const> values) {
    read_values(queue, sums, values);
}

void read(Queue& queue, std::span<const ExactSumOnDevice> sums, std::span<float* const> values) {
    read_values(queue, sums, values);
}

}  // namespace isobatch::cuda
