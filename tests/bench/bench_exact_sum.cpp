/// What a sum that does not depend on the order costs, beside the plain one.
#include <bit>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/exact_sum.h"
#include "base/norms.h"
#include "base/sum_digest.h"
#include "ratios.h"

namespace isobatch {

namespace {

constexpr std::size_t count = 25'000'000;

const std::vector<float>& addend() {
    static const std::vector<float> values = [] {
        std::vector<float> made(count);
        for (std::size_t i = 0; i < count; ++i) made[i] = static_cast<float>(i * 2654435761U % 65536) * 0x1p-16F - 0.5F;
        return made;
    }();
    return values;
}

template <class T>
void plain(benchmark::State& state) {
    std::vector<T> sum(count);
    for (auto _ : state) {
        const float* __restrict values = addend().data();
        T* __restrict sums = sum.data();
        for (std::size_t i = 0; i < count; ++i) sums[i] += values[i];
        benchmark::ClobberMemory();
    }
}

void plain_in_floats(benchmark::State& state) {
    plain<float>(state);
}

void plain_in_doubles(benchmark::State& state) {
    plain<double>(state);
}

void exact(benchmark::State& state) {
    ExactSum sum(quantum_for(1, 1 << 20), count);
    for (auto _ : state) add(sum, std::span<const float>(addend()));
    if (!sum.holds()) state.SkipWithError("more addends than stated");
}

void read_only(benchmark::State& state) {
    for (auto _ : state) {
        std::uint32_t sum = 0;
        for (const float value : addend()) sum += std::bit_cast<std::uint32_t>(value);
        benchmark::DoNotOptimize(sum);
    }
}

void digest(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(sum_digest(std::as_bytes(std::span(addend()))));
}

void fixed_tree(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(norms(std::span<const float>(addend())));
}

BENCHMARK(plain_in_floats)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(plain_in_doubles)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(exact)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(read_only)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(digest)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(fixed_tree)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace isobatch

int main(int argc, char** argv) {
    return isobatch::run_and_print(argc, argv,
                                   {{"exact sum ÷ += of floats, 25 million fp32", "exact", "plain_in_floats", 1.5},
                                    {"exact sum ÷ += in doubles, the same", "exact", "plain_in_doubles", 1.5},
                                    {"sum digest ÷ a plain read", "digest", "read_only"},
                                    {"norms in a fixed tree ÷ a plain read", "fixed_tree", "read_only"}});
}
