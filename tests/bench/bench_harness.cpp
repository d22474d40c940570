/// What the harness costs over a loop written by hand, and what a matrix costs over its splits run bare.
#include <map>

#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "allocations.h"
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

/// Steps of 5 ms and more, as those of any model that is worth training.
void bare_gpt(benchmark::State& state) {
    const isobatch::Setup setup = make_setup(trial_of("gpt", {2, 8, 1}));
    for (auto _ : state) bare_run(setup);
}
void exact_sums_gpt(benchmark::State& state) {
    const isobatch::Setup setup = make_setup(trial_of("gpt", {2, 8, 1}));
    for (auto _ : state) bare_run_in_exact_sums(setup);
}
void harness_losses_gpt(benchmark::State& state) {
    const isobatch::Setup setup = make_setup(trial_of("gpt", {2, 8, 1}));
    for (auto _ : state) benchmark::DoNotOptimize(run_trial(setup, Level::losses, nullptr, std::nullopt));
}

/// What a matrix would cost whose every split brought a reference of its own.
void bare_references(benchmark::State& state, const std::string& subject) {
    for (auto _ : state)
        for (const Split& split : splits_of({.effective = 16})) {
            bare_run(make_setup(trial_of(subject, {16, 1, 1})));
            bare_run(make_setup(trial_of(subject, split)));
        }
}

/// What is trusted of a matrix costs what it costs: the samples' own gradients, the truth in fp64, the trusted runs.
void bare_matrix_beside_reference(benchmark::State& state) {
    for (auto _ : state) {
        benchmark::DoNotOptimize(make_reference(trial_of("gpt", {16, 1, 1})));
        for (const Split& split : splits_of({.effective = 16})) bare_run(make_setup(trial_of("gpt", split)));
    }
}

/// The least of a matrix whose splits share the gradients of equal micros, and one reference.
void bare_shared_micros(benchmark::State& state, const std::string& subject) {
    std::map<std::int64_t, std::vector<isobatch::Setup>> by_micro;
    for (const Split& split : splits_of({.effective = 16}))
        by_micro[split.per_device].push_back(make_setup(trial_of(subject, split)));
    for (auto _ : state) {
        bare_run(make_setup(trial_of(subject, {16, 1, 1})));
        for (const auto& [per_device, setups] : by_micro) bare_run_of_shared_micros(setups);
    }
}

/// Beyond those of the bare loop, of each further micro: 16 micros of one sample beside one of 16.
double allocations_per_micro() {
    const auto count = [](const auto& run) {
        run();  // what is made once
        const std::int64_t before = allocations();
        run();
        return static_cast<double>(allocations() - before);
    };
    double more = 0;
    for (const auto& [split, sign] : {std::pair{Split{1, 16, 1}, 1.0}, {Split{16, 1, 1}, -1.0}}) {
        const isobatch::Setup setup = make_setup(trial_of("mlp", split));
        more += sign * count([&] { run_trial(setup, Level::losses, nullptr, std::nullopt); });
        more -= sign * count([&] { bare_run(setup); });
    }
    // 43 samples in windows of 16, 16 and 11, two epochs of them.
    return more / (2 * 43 - 6);
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
void bare_references_mlp(benchmark::State& state) {
    bare_references(state, "mlp");
}
void bare_references_gpt(benchmark::State& state) {
    bare_references(state, "gpt");
}
void bare_shared_micros_mlp(benchmark::State& state) {
    bare_shared_micros(state, "mlp");
}
void bare_shared_micros_gpt(benchmark::State& state) {
    bare_shared_micros(state, "gpt");
}
BENCHMARK(bare_matrix_beside_reference)->Unit(benchmark::kMillisecond);
BENCHMARK(bare_gpt)->Unit(benchmark::kMillisecond);
BENCHMARK(exact_sums_gpt)->Unit(benchmark::kMillisecond);
BENCHMARK(harness_losses_gpt)->Unit(benchmark::kMillisecond);
BENCHMARK(bare_references_mlp)->Unit(benchmark::kMillisecond);
BENCHMARK(bare_references_gpt)->Unit(benchmark::kMillisecond);
BENCHMARK(bare_shared_micros_mlp)->Unit(benchmark::kMillisecond);
BENCHMARK(bare_shared_micros_gpt)->Unit(benchmark::kMillisecond);
BENCHMARK(bare_matrix_mlp)->Unit(benchmark::kMillisecond);
BENCHMARK(judged_matrix_mlp)->Unit(benchmark::kMillisecond);
BENCHMARK(bare_matrix_gpt)->Unit(benchmark::kMillisecond);
BENCHMARK(judged_matrix_gpt)->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace isobatch

int main(int argc, char** argv) {
    at::set_num_threads(1);
    fmt::print("allocations of the harness per micro, beyond those of the bare loop: {:.2f} (goal 0)\n",
               isobatch::allocations_per_micro());
    return isobatch::run_and_print(
        argc, argv,
        {{"harness at level losses ÷ bare loop (tiny mlp, 4x4x1)", "harness_losses", "bare_mlp", 1.05},
         {"harness at level grads, forced ÷ bare loop", "harness_grads", "bare_mlp", 1.3},
         {"harness at level losses ÷ bare loop, steps of 5 ms and more (gpt, 2x8x1)", "harness_losses_gpt", "bare_gpt",
          1.02},
         {"bare loop with sums that do not depend on the order ÷ bare loop (gpt, 2x8x1)", "exact_sums_gpt", "bare_gpt",
          1.1},
         {"judged matrix ÷ its 15 splits and one reference bare (mlp)", "judged_matrix_mlp", "bare_matrix_mlp", 1.05},
         {"judged matrix ÷ its 15 splits and one reference bare (gpt)", "judged_matrix_gpt", "bare_matrix_gpt", 1.05},
         {"judged matrix ÷ its 15 splits bare and what is trusted of it (gpt)", "judged_matrix_gpt",
          "bare_matrix_beside_reference"},
         {"judged matrix ÷ its splits with a reference each bare (mlp)", "judged_matrix_mlp", "bare_references_mlp",
          0.3},
         {"judged matrix ÷ its splits with a reference each bare (gpt)", "judged_matrix_gpt", "bare_references_gpt",
          0.3},
         {"splits and one reference bare ÷ with a reference each (gpt)", "bare_matrix_gpt", "bare_references_gpt"},
         {"the same, equal micros computed once ÷ with a reference each (mlp)", "bare_shared_micros_mlp",
          "bare_references_mlp"},
         {"the same, equal micros computed once ÷ with a reference each (gpt)", "bare_shared_micros_gpt",
          "bare_references_gpt"}});
}
