/// What processes cost: one long-lived worker against one worker a trial, and `isobatch check` from the shell to its
/// report.
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>

#include <benchmark/benchmark.h>

#include "plan/isobatch.h"
#include "plan/trial.h"
#include "ratios.h"
#include "supervise/job.h"
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
    std::optional<std::string> answer;
    if (worker.say(to_string(trial), Process::Seconds(60))) do
            answer = worker.hear(Process::Seconds(60));
        while (answer && beat_from(*answer));
    if (!answer) throw std::runtime_error("the worker gave no answer");
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

/// `isobatch check` from the shell to its report; 4, since a single split may be inconclusive, is an answer too.
void check(const std::vector<std::string>& words) {
    const auto folder = std::filesystem::temp_directory_path() / "isobatch-bench-check";
    Launch launch{{program("isobatch").string(), "check"}, {}, {}, false};
    launch.command.insert(launch.command.end(), words.begin(), words.end());
    launch.command.insert(launch.command.end(), {"--out", folder.string()});
    Process run(launch);
    const Exit exit = run.wait(Process::Seconds(300));
    if (!exit.ok() && exit.code != 4) throw std::runtime_error("isobatch check failed: " + run.last_output(5));
    std::filesystem::remove_all(folder);
}

void check_mlp_wall(benchmark::State& state) {
    for (auto _ : state) check({"mlp"});
}
void check_gpt_wall(benchmark::State& state) {
    for (auto _ : state) check({"gpt"});
}

/// All splits of 128 on one and two ranks: fifteen.
void two_ranks_one_launch(benchmark::State& state) {
    for (auto _ : state)
        check({"gpt", "--engine", "gloo", "--effective", "128", "--max-devices", "2", "--samples", "129", "--epochs",
               "1"});
}

void two_ranks_a_launch_each(benchmark::State& state) {
    for (auto _ : state)
        for (const Split& split : splits_of({.effective = 128, .max_devices = 2}))
            check({"gpt", "--engine", "gloo", "--splits", to_string(split), "--samples", "129", "--epochs", "1"});
}

/// A hundred trials and more: 36 splits of three cases.
const std::vector<std::string> hundred{"gpt", "mlp", "lesson", "--effective", "36"};

void hundred_trials_supervised(benchmark::State& state) {
    for (auto _ : state) check(hundred);
}

void hundred_trials_two_at_a_time(benchmark::State& state) {
    std::vector<std::string> words = hundred;
    words.insert(words.end(), {"--jobs", "2"});
    for (auto _ : state) check(words);
}

/// The same trials read by one worker from a file, its answers thrown away: nobody listens, judges again or reports.
void hundred_trials_alone(benchmark::State& state) {
    const auto file = std::filesystem::temp_directory_path() / "isobatch-bench-trials";
    std::ofstream lines(file);
    for (std::size_t i = 0; i < 3; ++i)
        for (const Split& split : splits_of({.effective = 36}))
            lines << to_string(
                         Trial{.subject = hundred[i], .split = split, .samples = default_samples(36, Lengths::ragged)})
                  << std::endl;
    const std::string command = program("isobatch-run").string() + " <" + file.string() + " 3>/dev/null";
    for (auto _ : state) {
        Process alone({{"/bin/sh", "-c", command}, {{"OMP_NUM_THREADS", "1"}, {"MKL_NUM_THREADS", "1"}}, {}, false});
        if (!alone.wait(Process::Seconds(300)).ok())
            throw std::runtime_error("the worker failed: " + alone.last_output(5));
    }
    std::filesystem::remove(file);
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
BENCHMARK(hundred_trials_supervised)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(hundred_trials_two_at_a_time)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(hundred_trials_alone)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(two_ranks_one_launch)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(two_ranks_a_launch_each)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

}  // namespace isobatch

int main(int argc, char** argv) {
    return isobatch::run_and_print(
        argc, argv,
        {{"one process a trial ÷ one worker for 15 trials (mlp)", "fifteen_trials_fifteen_workers",
          "fifteen_trials_one_worker", 10, true},
         {"isobatch check mlp ÷ its worker's trials alone", "check_mlp_wall", "fifteen_trials_one_worker"},
         {"isobatch check gpt ÷ the start of its worker", "check_gpt_wall", "worker_start"},
         {"isobatch check ÷ its worker alone, 108 trials", "hundred_trials_supervised", "hundred_trials_alone", 1.05},
         {"108 trials one at a time ÷ two at a time", "hundred_trials_supervised", "hundred_trials_two_at_a_time"},
         {"one launch a trial ÷ one matrix for 15 splits on up to 2 ranks (gpt)", "two_ranks_a_launch_each",
          "two_ranks_one_launch", 5, true}});
}
