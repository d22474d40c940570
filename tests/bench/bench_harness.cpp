/// What the harness costs over a loop written by hand, and what a matrix costs over its splits run bare.
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include "bare.h"
#include "cases/faults/faults.h"
#include "plan/isobatch.h"
#include "ratios.h"
#include "run/matrix.h"
#include "run/reference.h"

namespace isobatch {

namespace {

Trial trial_of(const std::string& subject, const Split& split) {
    Trial trial;
    trial.subject = subject;
    trial.split = split;
    trial.recipe = Recipe::fp32;
    return trial;
}

void bare_mlp(benchmark::State& state) {
    const isobatch::Setup setup = make_setup(trial_of("mlp", {4, 4, 1}));
    for (auto _ : state) bare_run(setup);
}

void harness_losses(benchmark::State& state) {
    const isobatch::Setup setup = make_setup(trial_of("mlp", {4, 4, 1}));
    for (auto _ : state) benchmark::DoNotOptimize(run_trial(setup, Level::losses, nullptr, std::nullopt));
}

void harness_grads(benchmark::State& state) {
    const isobatch::Setup setup = make_setup(trial_of("mlp", {4, 4, 1}));
    const Trace reference = make_reference(setup.trial);
    std::vector<std::string> names;
    for (const Parameter& parameter : reference.manifest.parameters) names.push_back(parameter.name);
    const Forcing forcing(reference);
    for (auto _ : state) benchmark::DoNotOptimize(run_trial(setup, Level::grads, &forcing, std::nullopt));
}

void bare_matrix(benchmark::State& state, const std::string& subject) {
    for (auto _ : state) {
        bare_run(make_setup(trial_of(subject, {16, 1, 1})));
        for (const Split& split : splits_of({.effective = 16})) bare_run(make_setup(trial_of(subject, split)));
    }
}

void judged_matrix(benchmark::State& state, const std::string& subject) {
    for (auto _ : state) {
        Matrix matrix(plant, {});
        for (const Split& split : splits_of({.effective = 16}))
            benchmark::DoNotOptimize(matrix.run(trial_of(subject, split)));
    }
}

BENCHMARK(bare_mlp)->Unit(benchmark::kMillisecond);
BENCHMARK(harness_losses)->Unit(benchmark::kMillisecond);
BENCHMARK(harness_grads)->Unit(benchmark::kMillisecond);
void bare_matrix_mlp(benchmark::State& state) {
    bare_matrix(state, "mlp");
}
void judged_matrix_mlp(benchmark::State& state) {
    judged_matrix(state, "mlp");
}
void bare_matrix_gpt(benchmark::State& state) {
    bare_matrix(state, "gpt");
}
void judged_matrix_gpt(benchmark::State& state) {
    judged_matrix(state, "gpt");
}
BENCHMARK(bare_matrix_mlp)->Unit(benchmark::kMillisecond);
BENCHMARK(judged_matrix_mlp)->Unit(benchmark::kMillisecond);
BENCHMARK(bare_matrix_gpt)->Unit(benchmark::kMillisecond);
BENCHMARK(judged_matrix_gpt)->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace isobatch

int main(int argc, char** argv) {
    at::set_num_threads(1);
    return isobatch::run_and_print(
        argc, argv,
        {{"harness at level losses ÷ bare loop (tiny mlp, 4x4x1)", "harness_losses", "bare_mlp", 1.05},
         {"harness at level grads, forced ÷ bare loop", "harness_grads", "bare_mlp", 1.3},
         {"judged matrix ÷ its 15 splits and one reference bare (mlp)", "judged_matrix_mlp", "bare_matrix_mlp", 1.05},
         {"judged matrix ÷ its 15 splits and one reference bare (gpt)", "judged_matrix_gpt", "bare_matrix_gpt", 1.05}});
}
