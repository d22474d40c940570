/// What the judge's looks at tensors cost, beside what a test in a training framework does and what memory allows.
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include <ATen/ops/allclose.h>
#include <ATen/ops/rand.h>
#include <benchmark/benchmark.h>

#include "base/digest.h"
#include "judge/compare.h"
#include "ratios.h"
#include "run/tensors.h"

namespace isobatch {

namespace {

/// Two sets of 160 fp32 tensors that are equal: both sides must look at every element, and memcmp at every byte.
struct Pair {
    std::vector<at::Tensor> a, b;
    std::vector<Tensor> a_views, b_views;

    explicit Pair(std::int64_t elements) {
        for (int i = 0; i < 160; ++i) {
            a.push_back(at::rand({elements}));
            b.push_back(a.back().clone());
            a_views.push_back(view_of(a.back()));
            b_views.push_back(view_of(b.back()));
        }
    }
};

const Pair& large() {
    static const Pair pair(156'250);  // 25 million elements
    return pair;
}

const Pair& small() {
    static const Pair pair(2'000);
    return pair;
}

void compare_all(benchmark::State& state, const Pair& pair) {
    for (auto _ : state)
        for (std::size_t i = 0; i < pair.a.size(); ++i)
            benchmark::DoNotOptimize(compare(pair.a_views[i], pair.b_views[i], 1e-6));
}

void allclose_all(benchmark::State& state, const Pair& pair) {
    for (auto _ : state)
        for (std::size_t i = 0; i < pair.a.size(); ++i) benchmark::DoNotOptimize(at::allclose(pair.a[i], pair.b[i]));
}

void compare_25_million(benchmark::State& state) {
    compare_all(state, large());
}

void allclose_25_million(benchmark::State& state) {
    allclose_all(state, large());
}

void memcmp_25_million(benchmark::State& state) {
    for (auto _ : state)
        for (std::size_t i = 0; i < large().a.size(); ++i)
            benchmark::DoNotOptimize(std::memcmp(large().a_views[i].bytes.data(), large().b_views[i].bytes.data(),
                                                 large().a_views[i].bytes.size()));
}

void compare_small(benchmark::State& state) {
    compare_all(state, small());
}

void allclose_small(benchmark::State& state) {
    allclose_all(state, small());
}

void digest_25_million(benchmark::State& state) {
    for (auto _ : state)
        for (const Tensor& tensor : large().a_views) benchmark::DoNotOptimize(xxh3_digest(tensor.bytes));
}

void read_25_million(benchmark::State& state) {
    for (auto _ : state)
        for (const Tensor& tensor : large().a_views) {
            std::uint64_t sum = 0;
            for (const std::uint64_t word : tensor.as<std::uint64_t>()) sum += word;
            benchmark::DoNotOptimize(sum);
        }
}

BENCHMARK(compare_25_million)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(allclose_25_million)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(memcmp_25_million)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(compare_small)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(allclose_small)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(digest_25_million)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(read_25_million)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace isobatch

int main(int argc, char** argv) {
    return isobatch::run_and_print(
        argc, argv,
        {{"allclose ÷ compare, 25 million elements in 160 tensors", "allclose_25_million", "compare_25_million", 10,
          true},
         {"compare ÷ memcmp, the same", "compare_25_million", "memcmp_25_million", 1.25},
         {"allclose ÷ compare, 160 tensors of 2,000 elements", "allclose_small", "compare_small", 40, true},
         {"digest ÷ a plain read, 25 million elements", "digest_25_million", "read_25_million", 1.3}});
}
