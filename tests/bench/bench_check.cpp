/// What processes cost: one long-lived worker against one worker a trial, and `isobatch check` from the shell to its
/// report.
#include <filesystem>
#include <span>
#include <stdexcept>

#include <benchmark/benchmark.h>

#include "plan/isobatch.h"
#include "plan/trial.h"
#include "ratios.h"
#include "supervise/process.h"

namespace isobatch {

namespace {

std::filesystem::path program(const char* name) {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

std::vector<Trial> trials() {
    std::vector<Trial> list;
    for (const Split& split : splits_of({.effective = 16})) {
        list.emplace_back();
        list.back().subject = "mlp";
        list.back().split = split;
    }
    return list;
}

void ask(Process& worker, const Trial& trial) {
    if (!worker.say(to_string(trial), Process::Seconds(60)) || !worker.hear(Process::Seconds(60)))
        throw std::runtime_error("the worker gave no answer");
}

/// One worker for these trials, from its start to its last answer.
void work(std::span<const Trial> list) {
    Process worker({{program("isobatch-run").string()}, {{"OMP_NUM_THREADS", "1"}}, {}, true});
    if (!worker.hear(Process::Seconds(60))) throw std::runtime_error("the worker did not start");
    for (const Trial& trial : list) ask(worker, trial);
    worker.wait(Process::Seconds(10));
}

void fifteen_trials_one_worker(benchmark::State& state) {
    const std::vector<Trial> list = trials();
    for (auto _ : state) work(list);
}

void fifteen_trials_fifteen_workers(benchmark::State& state) {
    const std::vector<Trial> list = trials();
    for (auto _ : state)
        for (const Trial& trial : list) work(std::span(&trial, 1));
}

void check(benchmark::State& state, const char* subject) {
    const auto folder = std::filesystem::temp_directory_path() / "isobatch-bench-check";
    for (auto _ : state) {
        Process run({{program("isobatch").string(), "check", subject, "--out", folder.string()}, {}, {}, false});
        if (!run.wait(Process::Seconds(120)).ok())
            throw std::runtime_error("isobatch check failed: " + run.last_output(5));
    }
    std::filesystem::remove_all(folder);
}

void check_mlp_wall(benchmark::State& state) {
    check(state, "mlp");
}
void check_gpt_wall(benchmark::State& state) {
    check(state, "gpt");
}

/// The floor of every command that trains: a program that links LibTorch starts and ends.
void worker_start(benchmark::State& state) {
    for (auto _ : state) work({});
}

BENCHMARK(worker_start)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(fifteen_trials_one_worker)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(fifteen_trials_fifteen_workers)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(check_mlp_wall)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(check_gpt_wall)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

}  // namespace isobatch

int main(int argc, char** argv) {
    return isobatch::run_and_print(
        argc, argv,
        {{"one process a trial ÷ one worker for 15 trials (mlp)", "fifteen_trials_fifteen_workers",
          "fifteen_trials_one_worker", 10, true},
         {"isobatch check mlp ÷ its worker's trials alone", "check_mlp_wall", "fifteen_trials_one_worker"},
         {"isobatch check gpt ÷ the start of its worker", "check_gpt_wall", "worker_start"}});
}
