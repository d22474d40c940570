#pragma once

#include <gtest/gtest.h>

#include "cases/faults/faults.h"
#include "judge/compare.h"
#include "judge/judge.h"
#include "plan/isobatch.h"
#include "run/matrix.h"
#include "run/reference.h"

namespace isobatch {

inline Trial exact_trial(const std::string& name, const Split& split, Recipe recipe, std::uint64_t seed = 1) {
    Trial trial;
    trial.subject = name;
    trial.split = split;
    trial.recipe = recipe;
    trial.seed = seed;
    trial.samples = default_samples(split.effective(), Lengths::ragged);
    return trial;
}

/// Of ten seeds: each judged window, the ragged ones too, and some of them after steps that moved the parameters.
inline void expect_certificates(const std::string& name) {
    std::int64_t moved = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const Trace reference = make_reference(exact_trial(name, {16, 1, 1}, Recipe::fp32, seed));
        for (std::size_t k = 0; k < reference.ranks[0].size(); ++k) {
            const Step& step = reference.ranks[0][k];
            EXPECT_LE(step.trusted ? step.trusted->exact_bits.value() : 0, 23) << "seed " << seed << ", window " << k;
            for (const auto& [key, tensor] : step.tensors)  // further than a half: to another point of the lattice
                if (key.starts_with("param/") && k > 0)
                    moved += compare(tensor, reference.ranks[0][0].tensors.at(key), 0.6).over;
        }
    }
    EXPECT_GT(moved, 20) << "training does not move this";
}

/// In both precisions, every way to cut eight samples.
inline void expect_same_bits(const std::string& name) {
    for (const Recipe recipe : {Recipe::fp32, Recipe::fp64}) {
        Matrix matrix(plant, {});
        for (const Split& split : splits_of({.effective = 8})) {
            const Record record = matrix.run(exact_trial(name, split, recipe));
            EXPECT_LE(record.verdict.outcome, Outcome::equivalent) << to_string(record.trial);
            EXPECT_EQ(result_of(record.verdict, Check::grad).margin, 0) << to_string(record.trial);
            EXPECT_LT(record.verdict.sensitivity, 1e-3) << to_string(record.trial);
            const std::vector<Claim>& tested = record.verdict.tested;
            EXPECT_EQ(std::count(tested.begin(), tested.end(), Claim::bits), (split != Split{8, 1, 1}))
                << to_string(record.trial);
        }
    }
}

/// A divisor that is off by a few units in the last place, as by an epsilon that somebody added to it: far below what
/// a tolerance for rounding must allow, and red here.
inline void expect_red_epsilon(const std::string& name) {
    const Trial trial = exact_trial(name, {4, 2, 1}, Recipe::fp32);
    const Trace reference = make_reference(trial);
    const Forcing forcing(reference);
    Yardstick yardstick = yardstick_of(reference);
    Setup setup = make_setup(trial);
    setup.decisions.divisor = [](const Window& window, const Slice&) { return window.denominator() * (1 + 3e-7); };
    const Trace candidate = run_trial(setup, Level::grads, &forcing, yardstick.digest);
    EXPECT_EQ(result_of(judge(yardstick, candidate), Check::grad).outcome, Outcome::divergent);
    for (WindowScale& window : yardstick.windows) window.spare_bits = -1;
    EXPECT_EQ(result_of(judge(yardstick, candidate), Check::grad).outcome, Outcome::equivalent);
}

}  // namespace isobatch
