/// Confirms the constants of judge/tolerance.h in C++: over clean random trials the ratio observed / (E + u·A) must
/// stay below the suspect factor. Prints the histogram.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "plan/isobatch.h"
#include "run/matrix.h"

namespace isobatch {

namespace {

constexpr int trials_per_reference = 6;

/// Ratios of clean trials of one case and recipe, over random effective batches, data, weights and splits.
std::vector<double> clean_ratios(const std::string& subject, Recipe recipe, int references) {
    std::vector<double> ratios;
    Matrix matrix([](const std::string&, Setup&) {}, {});
    for (int r = 0; r < references; ++r) {
        Random random(Seed{static_cast<std::uint64_t>(r)}.split(subject));
        const std::int64_t effective[] = {2, 3, 4, 6, 8, 12, 16, 24};
        Trial trial;
        trial.subject = subject;
        trial.recipe = recipe;
        trial.seed = 1000 + static_cast<std::uint64_t>(r);
        const std::vector<Split> splits = splits_of({.effective = effective[random.below(8)]});
        trial.samples = 1 + splits[0].effective() +
                        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(splits[0].effective())));
        for (int t = 0; t < trials_per_reference; ++t) {
            trial.split = splits[random.below(splits.size())];
            const Record record = matrix.run(trial);
            EXPECT_LE(record.verdict.outcome, Outcome::equivalent) << to_string(trial);
            ratios.push_back(result_of(record.verdict, Check::grad).margin * bound_of(recipe).fail);
        }
    }
    return ratios;
}

void print_histogram(const std::string& name, const Bound& bound, std::vector<double> ratios) {
    std::sort(ratios.begin(), ratios.end());
    fmt::print(
        "{:<20} {:>4} clean trials: median {:.2f}, 99th percentile {:.2f}, maximum {:.2f} (suspect above {}, divergent "
        "above {})\n",
        name, ratios.size(), ratios[ratios.size() / 2], ratios[ratios.size() * 99 / 100], ratios.back(), bound.suspect,
        bound.fail);
    for (double low = 0; low < 8; low += 0.5) {
        const auto count =
            std::count_if(ratios.begin(), ratios.end(), [&](double x) { return x >= low && x < low + 0.5; });
        if (count > 0)
            fmt::print("  {:>3.1f} to {:>3.1f} {:>4} {:*<{}}\n", low, low + 0.5, count, "",
                       std::max<long>(1, 60 * count / static_cast<long>(ratios.size())));
    }
}

}  // namespace

TEST(Calibration, CleanTrialsStayBelowTheSuspectFactor) {
    std::size_t trials = 0;
    for (const auto& [subject, references] : {std::pair{"lesson", 12}, {"mlp", 12}, {"gpt", 4}})
        for (const Recipe recipe : known_recipes) {
            const std::vector<double> ratios = clean_ratios(subject, recipe, references);
            print_histogram(fmt::format("{} {}", subject, to_string(recipe)), bound_of(recipe), ratios);
            for (const double ratio : ratios) EXPECT_LT(ratio, bound_of(recipe).suspect);
            trials += ratios.size();
        }
    EXPECT_GE(trials, 500U);
    fmt::print("{} clean trials in all\n", trials);
}

}  // namespace isobatch
