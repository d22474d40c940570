/// The kernels against the memory that they read, measured in the same run. Prints a table and writes JSON; exits with
/// 77 and the reason where there is no GPU.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "cuda/digests.h"
#include "cuda/exact_sums.h"
#include "cuda/gaps.h"
#include "cuda/side_stream.h"
#include "cuda/succeeded.cuh"
#include "cuda/tree_norms.h"
#include "cuda/wide_sums.h"

namespace isobatch::cuda {

namespace {

/// Wall time of each sample, from before the call to its answer on the host: with launches, copies and the wait.
struct Bench {
    std::string name;
    double bytes;  ///< read and written
    std::function<void()> act;
    std::vector<double> seconds = {};

    double median() const {
        std::vector<double> sorted = seconds;
        std::sort(sorted.begin(), sorted.end());
        return sorted[sorted.size() / 2];
    }
    double rate() const { return bytes / median(); }
};

__global__ void fill(float* values, std::int64_t count, unsigned seed) {
    for (std::int64_t i = blockIdx.x * std::int64_t{blockDim.x} + threadIdx.x; i < count;
         i += std::int64_t{gridDim.x} * blockDim.x)
        values[i] = static_cast<float>((static_cast<unsigned>(i) * 2654435761U + seed) & 0xffff) * 0x1p-16F - 0.5F;
}

__global__ void read_all(const float4* values, std::int64_t count, float* never) {
    float sum = 0;
    for (std::int64_t i = blockIdx.x * std::int64_t{blockDim.x} + threadIdx.x; i < count;
         i += std::int64_t{gridDim.x} * blockDim.x) {
        const float4 four = values[i];
        sum += four.x + four.y + four.z + four.w;
    }
    if (sum == 12345.678F) *never = sum;  // or the loads would be left out
}

template <class To>
__global__ void plain_add(To* to, const float* values, std::int64_t count) {
    struct alignas(16) Tos {
        To value[4];
    };
    for (std::int64_t i = blockIdx.x * std::int64_t{blockDim.x} + threadIdx.x; i < count / 4;
         i += std::int64_t{gridDim.x} * blockDim.x) {
        const float4 four = reinterpret_cast<const float4*>(values)[i];
        Tos sum = reinterpret_cast<const Tos*>(to)[i];
        sum.value[0] += four.x;
        sum.value[1] += four.y;
        sum.value[2] += four.z;
        sum.value[3] += four.w;
        reinterpret_cast<Tos*>(to)[i] = sum;
    }
}

/// What a step of training is made of, without its memory.
__global__ void arithmetic(int rounds, float* never) {
    float x = static_cast<float>(threadIdx.x), y = 1;
    for (int i = 0; i < rounds; ++i) {
        x = fmaf(x, 0.999F, 1);
        y = fmaf(y, 1.001F, x);
    }
    if (y == 12345.678F) *never = y;
}

constexpr int blocks = 132 * 16, block_threads = 512;  // enough for any GPU of these architectures

void wait() {
    succeeded(cudaGetLastError(), "starting a kernel");
    succeeded(cudaDeviceSynchronize(), "a kernel");
}

/// All samples interleaved, after one warm-up each; the cache emptied before every sample.
void measure(std::vector<Bench>& benches, int samples) {
    const Memory other(std::size_t{512} << 20);  // several times the largest L2
    for (int sample = -1; sample < samples; ++sample)
        for (Bench& bench : benches) {
            succeeded(cudaMemset(other.data(), sample & 0xff, other.size()), "emptying the cache");
            wait();
            const auto begin = std::chrono::steady_clock::now();
            bench.act();
            const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
            if (sample >= 0) bench.seconds.push_back(taken.count());
        }
}

struct Ratio {
    std::string meaning;
    double value, goal;
    bool at_least;
};

const Bench& named(const std::vector<Bench>& benches, const std::string& name) {
    return *std::find_if(benches.begin(), benches.end(), [&](const Bench& bench) { return bench.name == name; });
}

std::vector<Ratio> ratios_of(const std::vector<Bench>& benches) {
    const auto of = [&](const std::string& name) -> const Bench& { return named(benches, name); };
    const double read = of("read").rate();
    return {
        {"compare / read bandwidth", of("compare").rate() / read, 0.9, true},
        {"digest / read bandwidth", of("digest").rate() / read, 0.8, true},
        {"norms / read bandwidth", of("norms").rate() / read, 0, true},
        {"exact add / plain add in fp32", of("exact add").median() / of("add fp32").median(), 1.5, false},
        {"exact add / plain add in fp64", of("exact add").median() / of("add fp64").median(), 1.5, false},
        {"wide add / plain add in fp32", of("wide add of a ninth").median() * 9 / of("add fp32").median(), 0, true},
        {"step with checks beside it / step", of("step, checks beside").median() / of("step").median(), 1.01, false},
        {"1,000 small tensors, microseconds", of("compare 1,000 small").median() * 1e6, 60, false}};
}

void write_json(const char* path, const std::vector<Bench>& benches, const std::vector<Ratio>& ratios,
                std::int64_t elements) {
    std::FILE* const file = std::fopen(path, "w");
    if (!file) throw Error("cannot be written", path, "name a file in a folder that exists");
    std::fprintf(file, "{\"device\": \"%s\", \"elements\": %lld, \"kernels\": [", description().c_str(),
                 static_cast<long long>(elements));
    const char* separator = "";
    for (const Bench& bench : benches) {
        std::fprintf(file, "%s\n  {\"name\": \"%s\", \"bytes\": %.0f, \"seconds\": [", separator, bench.name.c_str(),
                     bench.bytes);
        for (std::size_t i = 0; i < bench.seconds.size(); ++i)
            std::fprintf(file, "%s%.9f", i == 0 ? "" : ", ", bench.seconds[i]);
        std::fprintf(file, "]}");
        separator = ",";
    }
    std::fprintf(file, "],\n \"ratios\": [");
    separator = "";
    for (const Ratio& ratio : ratios) {
        std::fprintf(file, "%s\n  {\"meaning\": \"%s\", \"value\": %.6g, \"goal\": %g, \"at_least\": %s}", separator,
                     ratio.meaning.c_str(), ratio.value, ratio.goal, ratio.at_least ? "true" : "false");
        separator = ",";
    }
    std::fprintf(file, "]}\n");
    if (std::fclose(file) != 0) throw Error("could not be written to its end", path, "make room on the disk");
}

void print(const std::vector<Bench>& benches, const std::vector<Ratio>& ratios) {
    for (const Bench& bench : benches)
        std::printf("  %-24s %12.1f us %10.1f GB/s\n", bench.name.c_str(), bench.median() * 1e6, bench.rate() * 1e-9);
    for (const Ratio& ratio : ratios) {
        const bool reached = ratio.at_least ? ratio.value >= ratio.goal : ratio.value <= ratio.goal;
        std::printf("  %-40s %8.3f", ratio.meaning.c_str(), ratio.value);
        if (ratio.goal > 0)
            std::printf("  goal %s %g  %s", ratio.at_least ? ">=" : "<=", ratio.goal, reached ? "reached" : "MISSED");
        std::printf("\n");
    }
}

/// A step of at least 5 ms on a stream of its own, alone and with the gradients of 25 million parameters compared and
/// digested beside it. The synthetic step leaves the memory to the checks.
std::vector<Bench> beside_a_step(const SideStream& training, Queue& queue, const PairOfValues& whole, float* never) {
    constexpr std::int64_t parameters = 25'000'000;
    const std::int64_t count = std::min(parameters, whole.a.count);
    const auto* x = static_cast<const float*>(whole.a.data);
    const auto* y = static_cast<const float*>(whole.b.data);
    const std::vector<PairOfValues> pair{{{x, count}, {y, count}}};
    const std::vector<std::span<const std::byte>> bytes{
        {reinterpret_cast<const std::byte*>(x), 4 * static_cast<std::size_t>(count)}};
    const auto step = [&training, never](int rounds) {
        arithmetic<<<blocks, block_threads, 0, training.stream()>>>(rounds, never);
    };
    int rounds = 1 << 10;
    for (double taken = 0; taken < 5e-3; rounds *= 2) {
        const auto begin = std::chrono::steady_clock::now();
        step(2 * rounds);
        wait();
        taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    return {{"step", 0,
             [=] {
                 step(rounds);
                 wait();
             }},
            {"step, checks beside", 12 * static_cast<double>(count), [=, &queue] {
                 step(rounds);
                 gaps(queue, pair, 1e-6);
                 digests(queue, bytes);
                 wait();
             }}};
}

/// As many as there is room for: 16 bytes an element, and the cache's.
std::int64_t elements_that_fit(std::int64_t wanted) {
    std::size_t free = 0, all = 0;
    succeeded(cudaMemGetInfo(&free, &all), "asking for free memory");
    while (16 * static_cast<std::size_t>(wanted) > free / 4 * 3) wanted /= 2;
    return wanted;
}

int run(bool quick, const char* path) {
    const std::int64_t count = elements_that_fit(std::int64_t{1} << (quick ? 28 : 30));
    const auto size = static_cast<double>(count);
    const Memory a(4 * count), b(4 * count), wide(8 * count), small(4 * 2 * 1000 * 2000);
    auto* const x = reinterpret_cast<float*>(a.data());
    auto* const y = reinterpret_cast<float*>(b.data());
    fill<<<blocks, block_threads>>>(x, count, 1);
    fill<<<blocks, block_threads>>>(y, count, 1);
    auto* const tiny = reinterpret_cast<float*>(small.data());
    fill<<<blocks, block_threads>>>(tiny, 2 * 1000 * 2000, 3);
    succeeded(cudaMemset(wide.data(), 0, wide.size()), "clearing memory of the GPU");
    wait();

    Queue queue;
    const std::vector<PairOfValues> pair{{{x, count}, {y, count}}};
    std::vector<PairOfValues> pairs;
    for (int i = 0; i < 1000; ++i) pairs.push_back({{tiny + 4000 * i, 2000}, {tiny + 4000 * i + 2000, 2000}});
    const std::vector<Values> values{{x, count}};
    const std::vector<std::span<const std::byte>> bytes{{a.data(), a.size()}};
    std::vector<ExactSumOnDevice> sums{
        {{quantum_for(1, 1 << 20)}, reinterpret_cast<std::int64_t*>(wide.data()), count}};
    const std::vector<const float*> wide_values{x};  // as many of them as fit into the same memory
    std::vector<WideSumOnDevice> wide_sums{{{}, reinterpret_cast<std::int64_t*>(wide.data()), count / wide_limbs}};
    const auto add_to = [&](auto* to) {
        plain_add<<<blocks, block_threads>>>(to, x, count);
        wait();
    };
    std::vector<Bench> benches{
        {"read", 4 * size,
         [&] {
             read_all<<<blocks, block_threads>>>(reinterpret_cast<const float4*>(x), count / 4, tiny);
             wait();
         }},
        {"copy", 8 * size,
         [&] {
             succeeded(cudaMemcpyAsync(b.data(), a.data(), a.size(), cudaMemcpyDeviceToDevice), "copying on the GPU");
             wait();
         }},
        {"compare", 8 * size, [&] { gaps(queue, pair, 1e-6); }},
        {"compare 1,000 small", 8 * 1000 * 2000, [&] { gaps(queue, pairs, 1e-6); }},
        {"digest", 4 * size, [&] { digests(queue, bytes); }},
        {"norms", 4 * size, [&] { tree_norms(queue, values); }},
        {"add fp32", 12 * size, [&] { add_to(y); }},
        {"add fp64", 20 * size, [&] { add_to(reinterpret_cast<double*>(wide.data())); }},
        {"exact add", 20 * size, [&] { add(queue, sums, values); }},
        {"wide add of a ninth", 36 * size / 9, [&] { add(queue, wide_sums, wide_values); }}};
    const SideStream training, side;
    Queue beside(side.stream());
    for (Bench& bench : beside_a_step(training, beside, pair[0], tiny)) benches.push_back(std::move(bench));
    measure(benches, quick ? 9 : 31);
    const std::vector<Ratio> ratios = ratios_of(benches);
    std::printf("%s, %lld elements\n", description().c_str(), static_cast<long long>(count));
    print(benches, ratios);
    if (path) write_json(path, benches, ratios, count);
    return 0;
}

}  // namespace

}  // namespace isobatch::cuda

int main(int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    const auto given = [&](const char* word) { return std::erase(words, word) > 0; };
    const bool probe = given("--probe"), quick = given("--quick");
    if (words.size() > 1 || (!words.empty() && words[0].starts_with("-"))) {
        std::fprintf(stderr, "usage: gpu_kernels [--probe] [--quick] [FILE.json]    --probe: only says which device\n");
        return 2;
    }
    const std::string reason = isobatch::cuda::why_unavailable();
    if (!reason.empty()) {
        std::printf("skipped: %s\n", reason.c_str());
        return 77;
    }
    try {
        if (!probe) return isobatch::cuda::run(quick, words.empty() ? nullptr : words[0].c_str());
        std::printf("%s\n", isobatch::cuda::description().c_str());
        return 0;
    } catch (const isobatch::Error& error) {
        std::fprintf(stderr, "gpu_kernels: %s\n", error.what());
        return 2;
    }
}
