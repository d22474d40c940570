#include "cuda/digests.h"

#include "cuda/launch.cuh"

namespace isobatch::cuda {

namespace {

struct Words {
    std::uint64_t first, second;
};

struct Digest {
    struct Task {
        const std::byte* data;
        std::int64_t bytes, count;  ///< units of 16 bytes, the last perhaps shorter
    };
    using Part = SumDigest;

    /// The words of a unit, byte by byte where its address or the text's end asks for it.
    static __device__ Words words_at(const Task& task, std::int64_t unit) {
        Words words{0, 0};
        for (int i = 0; i < 16 && 16 * unit + i < task.bytes; ++i)
            (i < 8 ? words.first : words.second) |= static_cast<std::uint64_t>(task.data[16 * unit + i])
                                                    << (8 * (i % 8));
        return words;
    }

    __device__ SumDigest part(const Task& task, std::int64_t begin, std::int64_t end) const {
        constexpr int ahead = 4;
        SumDigest mine;
        const auto take = [&](std::int64_t unit, const Words& words) {
            mine = merged(mine, digest_of_unit(static_cast<std::uint64_t>(unit) + 1, words.first, words.second));
        };
        std::int64_t i = begin + threadIdx.x;
        if (reinterpret_cast<std::uintptr_t>(task.data) % 16 == 0)
            for (; 16 * (i + (ahead - 1) * threads + 1) <= task.bytes && i + (ahead - 1) * threads < end;
                 i += ahead * threads) {
                ulonglong2 loaded[ahead];  // all under way before the first is looked at
#pragma unroll
                for (int k = 0; k < ahead; ++k)
                    loaded[k] = reinterpret_cast<const ulonglong2*>(task.data)[i + k * threads];
#pragma unroll
                for (int k = 0; k < ahead; ++k) take(i + k * threads, {loaded[k].x, loaded[k].y});
            }
        for (; i < end; i += threads) take(i, words_at(task, i));
        return merged_over_block(mine);
    }

    __device__ SumDigest whole(const SumDigest* parts, std::int64_t count) const {
        return merged_parts(parts, count);
    }
};

}  // namespace

std::vector<SumDigest> digests(Queue& queue, std::span<const std::span<const std::byte>> tensors) {
    std::vector<Digest::Task> tasks;
    std::int64_t units = 0;
    for (const std::span<const std::byte> tensor : tensors) {
        const auto bytes = static_cast<std::int64_t>(tensor.size());
        tasks.push_back({tensor.data(), bytes, (bytes + 15) / 16});
        units += tasks.back().count;
    }
    std::vector<SumDigest> all = answers_of(queue, Digest{}, tasks, chunk_for(units));
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = merged(all[i], digest_of_unit(0, tensors[i].size(), 0));
    return all;
}

}  // namespace isobatch::cuda
