#include "ratios.h"

#include <algorithm>
#include <map>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace isobatch {

namespace {

/// The console's output, and every repetition's time kept.
class Collector : public benchmark::ConsoleReporter {
public:
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs)
            if (run.run_type == Run::RT_Iteration && !run.error_occurred)
                times_[run.run_name.function_name].push_back(run.GetAdjustedRealTime());
        ConsoleReporter::ReportRuns(runs);
    }

    /// 0 when the benchmark did not run.
    double median(const std::string& name) {
        std::vector<double>& times = times_[name];
        if (times.empty()) return 0;
        std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
        return times[times.size() / 2];
    }

private:
    std::map<std::string, std::vector<double>> times_;
};

}  // namespace

int run_and_print(int argc, char** argv, const std::vector<Ratio>& ratios) {
    std::vector<char*> arguments(argv, argv + argc);
    std::string interleaved = "--benchmark_enable_random_interleaving=true", repeated = "--benchmark_repetitions=9";
    arguments.insert(arguments.begin() + 1, {interleaved.data(), repeated.data()});  // before the caller's, which win
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
    Collector collector;
    benchmark::RunSpecifiedBenchmarks(&collector);
    fmt::print("\nratios of the medians of this run\n");
    for (const Ratio& ratio : ratios) {
        const double above = collector.median(ratio.numerator), below = collector.median(ratio.denominator);
        if (above == 0 || below == 0) continue;  // filtered out
        const double value = above / below;
        const bool reached = ratio.at_least ? value >= ratio.goal : value <= ratio.goal;
        const std::string goal = ratio.goal == 0 ? ""
                                                 : fmt::format("goal {} {:g}  {}", ratio.at_least ? "≥" : "≤",
                                                               ratio.goal, reached ? "reached" : "MISSED");
        fmt::print("  {:<76} {:>7.3f}  {}\n", ratio.meaning, value, goal);
    }
    return 0;
}

}  // namespace isobatch
