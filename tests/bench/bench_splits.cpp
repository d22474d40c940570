/// What every split of 16 costs, for each case of the zoo, on one processor core: the throughput and the memory of its
/// steps beside those of the single large batch. `--benchmark_out=FILE --benchmark_out_format=json` keeps them.
#include <algorithm>

#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "plan/isobatch.h"
#include "ratios.h"
#include "run/held_bytes.h"
#include "run/matrix.h"

namespace isobatch {

namespace {

std::string name_of(const std::string& subject, const Split& split) {
    return subject + " " + to_string(split);
}

/// Its steps alone, as its own recorder timed the processor, to which no other program adds: neither the model's making
/// nor what is recorded.
void train_split(benchmark::State& state, const Trial& trial) {
    const isobatch::Setup setup = make_setup(trial);
    double samples = 0;
    std::int64_t memory = 0;
    for (auto _ : state) {
        const Trace trace = run_trial(setup, Level::losses, nullptr, std::nullopt);
        double ms = 0;
        for (const Step& last : trace.ranks.back())
            ms += last.processor_ms;  // a serial run's last rank has that of all
        for (const Step& step : trace.ranks[0]) memory = std::max(memory, step.memory.peak);
        samples += static_cast<double>(trial.samples * trial.epochs);
        state.SetIterationTime(ms / 1000);
    }
    state.counters["samples_per_second"] = benchmark::Counter(samples, benchmark::Counter::kIsRate);
    if (memory > 0) state.counters["memory_bytes_peak"] = static_cast<double>(memory);
}

}  // namespace

}  // namespace isobatch

int main(int argc, char** argv) {
    using namespace isobatch;
    at::set_num_threads(1);
    count_held_bytes();
    std::vector<Ratio> ratios;
    for (const char* subject : {"gpt", "gpt-recomputed", "mlp", "lesson"})
        for (const Split& split : splits_of({.effective = 16})) {
            Trial trial;
            trial.subject = subject;
            trial.split = split;
            trial.recipe = Recipe::fp32;
            const std::string name = name_of(subject, split);
            benchmark::RegisterBenchmark(name.c_str(), [trial](benchmark::State& state) { train_split(state, trial); })
                ->Unit(benchmark::kMillisecond)
                ->UseManualTime()
                ->Iterations(3);
            if (split.per_device < 16) ratios.push_back({name + " ÷ 16x1x1, time", name, name_of(subject, {16, 1, 1})});
        }
    for (const Split& split : splits_of({.effective = 16}))
        ratios.push_back({fmt::format("recomputing ÷ keeping activations of gpt {}, time", to_string(split)),
                          name_of("gpt-recomputed", split), name_of("gpt", split)});
    return run_and_print(argc, argv, ratios);
}
