#include "cuda/gaps.h"

#include "base/check.h"
#include "cuda/elements.cuh"

namespace isobatch::cuda {

namespace {

struct Compare {
    struct Task {
        Values a, b;
        std::int64_t count;
    };
    using Part = Gap;
    double allowed;

    template <class A, class B>
    __device__ Gap gap_of(const Task& task, std::int64_t begin, std::int64_t end) const {
        Gap mine;
        each_four(static_cast<const A*>(task.a.data), static_cast<const B*>(task.b.data), begin, end,
                  [&](std::int64_t index, const Four<A>& a, const Four<B>& b, int count) {
#pragma unroll
                      for (int lane = 0; lane < 4; ++lane)
                          if (lane < count) take(mine, a.value[lane], b.value[lane], index + lane, allowed);
                  });
        return mine;
    }

    __device__ Gap part(const Task& task, std::int64_t begin, std::int64_t end) const {
        const Gap mine = task.a.wide   ? gap_of<double, double>(task, begin, end)
                         : task.b.wide ? gap_of<float, double>(task, begin, end)
                                       : gap_of<float, float>(task, begin, end);
        return merged_over_block(mine);
    }

    __device__ Gap whole(const Gap* parts, std::int64_t count) const {
        return merged_parts(parts, count);
    }
};

}  // namespace

std::vector<Gap> gaps(Queue& queue, std::span<const PairOfValues> pairs, double allowed) {
    std::vector<Compare::Task> tasks;
    std::int64_t elements = 0;
    for (const PairOfValues& pair : pairs) {
        ISOBATCH_CHECK(pair.a.count == pair.b.count && (pair.b.wide || !pair.a.wide),
                       "tensors of one parameter have one size, and the first is not the wider");
        tasks.push_back({pair.a, pair.b, pair.a.count});
        elements += pair.a.count;
    }
    return answers_of(queue, Compare{allowed}, tasks, chunk_for(elements));
}

}  // namespace isobatch::cuda
