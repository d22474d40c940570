#include "cuda/wide_sums.h"

#include <vector>

#include "base/check.h"
#include "cuda/launch.cuh"

namespace isobatch::cuda {

namespace {

/// Whether an addend was not finite.
struct AddWide {
    struct Task {
        const float* values;
        std::int64_t* limbs;
        std::int64_t count;
    };
    using Part = unsigned;

    __device__ unsigned part(const Task& task, std::int64_t begin, std::int64_t end) const {
        bool all = true;
        for (std::int64_t i = begin + threadIdx.x; i < end; i += threads) {
            const unsigned bits = __float_as_uint(task.values[i]);
            all = all && is_finite_fp32(bits);
            if (!is_finite_fp32(bits)) continue;
            const WideParts parts = wide_parts(bits);
            std::int64_t* const limb = task.limbs + parts.limb * task.count + i;  // neighbours are on neighbouring ones
            limb[0] += parts.low;
            limb[task.count] += parts.high;
        }
        return __syncthreads_or(!all);
    }

    __device__ unsigned whole(const unsigned* parts, std::int64_t count) const {
        return merged_parts(parts, count, [](unsigned a, unsigned b) { return a | b; });
    }
};

struct ReadWide {
    struct Task {
        const std::int64_t* limbs;
        float* values;
        std::int64_t count;
        bool holds;
    };
    using Part = unsigned;

    __device__ unsigned part(const Task& task, std::int64_t begin, std::int64_t end) const {
        constexpr unsigned not_a_number = 0x7fc00000U;
        for (std::int64_t i = begin + threadIdx.x; i < end; i += threads) {
            std::int64_t limbs[wide_limbs];
#pragma unroll
            for (int l = 0; l < wide_limbs; ++l) limbs[l] = task.limbs[l * task.count + i];
            task.values[i] = __uint_as_float(task.holds ? wide_rounded(limbs) : not_a_number);
        }
        return 0;
    }

    __device__ unsigned whole(const unsigned*, std::int64_t) const {
        return 0;
    }
};

}  // namespace

void add(Queue& queue, std::span<WideSumOnDevice> sums, std::span<const float* const> values) {
    ISOBATCH_CHECK(values.size() == sums.size(), "each sum is given one addend");
    std::vector<AddWide::Task> tasks;
    std::vector<WideSumOnDevice*> counted;
    std::int64_t elements = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
        ++sums[i].added;
        if (!sums[i].holds()) continue;
        tasks.push_back({values[i], sums[i].limbs, sums[i].size});
        counted.push_back(&sums[i]);
        elements += sums[i].size;
    }
    const std::vector<unsigned> not_finite = answers_of(queue, AddWide{}, tasks, chunk_for(elements));
    for (std::size_t i = 0; i < counted.size(); ++i) counted[i]->not_finite = not_finite[i] != 0;
}

void read(Queue& queue, std::span<const WideSumOnDevice> sums, std::span<float* const> values) {
    ISOBATCH_CHECK(values.size() == sums.size(), "each sum is read to a place of its own");
    std::vector<ReadWide::Task> tasks;
    std::int64_t elements = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
        tasks.push_back({sums[i].limbs, values[i], sums[i].size, sums[i].holds()});
        elements += sums[i].size;
    }
    answers_of(queue, ReadWide{}, tasks, chunk_for(elements));
}

}  // namespace isobatch::cuda
