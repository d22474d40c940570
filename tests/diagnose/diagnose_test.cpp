#include "diagnose/diagnose.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "tests/base/expect.h"
#include "tests/diagnose/matrix.h"
#include "tests/judge/edit.h"
#include "tests/judge/recipes.h"

namespace isobatch {
namespace {

using Causes = std::vector<Cause>;

const Rival* rival(const Finding& finding, Cause cause) {
    for (const Rival& one : finding.rivals)
        if (one.cause == cause) return &one;
    return nullptr;
}

class Diagnose : public testing::TestWithParam<Recipe> {
protected:
    /// The only finding of a matrix whose candidates were changed after they ran.
    template <class Change>
    Finding found(const std::vector<Split>& splits, Change change) const {
        Examiner examiner(yardstick_of(matrix.reference()));
        std::vector<Record> records;
        for (const Split& split : splits) {
            Trace candidate = matrix.candidate(split);
            change(candidate);
            records.push_back(examiner.examine(candidate, "repro"));
        }
        const std::vector<Finding> findings = diagnose(records);
        EXPECT_EQ(findings.size(), 1u);
        return findings.empty() ? Finding{} : findings[0];
    }
    void expect_unknown(const Finding& finding) const {
        EXPECT_EQ(finding.causes, Causes{Cause::unknown});
        EXPECT_TRUE(std::isnan(finding.worst_error));
        EXPECT_TRUE(finding.summary.starts_with(meaning(Cause::unknown)));
        EXPECT_EQ(finding.separated_by, "");
        for (const WeightLine& line : finding.weights) EXPECT_TRUE(std::isnan(line.predicted));
        for (const Rival& one : finding.rivals) EXPECT_NE(one.ruled_out_by, "");
    }

    const Synthetic matrix{{.recipe = GetParam(), .seed = 6}};
    const double exactness = GetParam() == Recipe::fp64 ? 1e-9 : 1e-5;
};
INSTANTIATE_TEST_SUITE_P(Recipes, Diagnose, all_recipes(), recipe_name);

TEST_P(Diagnose, AnEquivalentMatrixHasNoFinding) {
    EXPECT_TRUE(diagnose(records_of(matrix, all_splits())).empty());
    EXPECT_TRUE(diagnose({}).empty());
}

TEST_P(Diagnose, WhatIsUndecidedOrCrashedHasNoFinding) {
    std::vector<Record> records = records_of(matrix, {{4, 4, 1}});
    records[0].verdict.outcome = Outcome::inconclusive;
    records.push_back(crashed_record(matrix.trial({2, 8, 1}), "repro", "signal 9"));
    EXPECT_TRUE(diagnose(records).empty());
}

TEST_P(Diagnose, WeightsThatFitNothingAreUnknownAndShown) {
    const SyntheticLoop odd{.weight = [](std::size_t, std::size_t i) { return i == 2 ? 0.5 : 1.0; }};
    const Finding finding = diagnose(records_of(matrix, all_splits(), odd)).at(0);
    expect_unknown(finding);
    EXPECT_EQ(finding.rivals.size(), known_causes().size());
    ASSERT_EQ(finding.weights.size(), 16u);
    EXPECT_NEAR(finding.weights[2].recovered, 0.5, exactness);
    EXPECT_NEAR(finding.weights[4].recovered, 1, exactness);
    EXPECT_EQ(finding.trial, to_string(matrix.trial({16, 1, 1})));
    EXPECT_EQ(finding.first, (Place{1, 0, "", -1}));
}

TEST_P(Diagnose, ADifferenceThatNoWeightsExplainIsUnknown) {
    const Finding finding = found({{4, 4, 1}, {2, 4, 2}}, [](Trace& trace) {
        for (auto& steps : trace.ranks)
            edit(steps[1], "grad/weight", [](std::size_t j, double g) { return j == 8 ? g + 0.3 : g; });
    });
    expect_unknown(finding);
    EXPECT_EQ(finding.first, (Place{2, 0, "", -1}));
    EXPECT_TRUE(says(rival(finding, Cause::not_zeroed_after_step)->ruled_out_by, "in step 2 of 4x4x1"));
    EXPECT_TRUE(says(rival(finding, Cause::epoch_tail_dropped)->ruled_out_by, "4x4x1 misses 0 windows, 2 are ragged"));
}

TEST_P(Diagnose, ANumberThatIsNoneIsUnknown) {
    const Finding finding = found({{4, 4, 1}}, [](Trace& trace) {
        edit(trace.ranks[0][2], "grad/bias", [](std::size_t, double) { return std::nan(""); });
    });
    expect_unknown(finding);
    EXPECT_EQ(finding.first, (Place{3, 0, "", -1}));
    ASSERT_EQ(finding.weights.size(), 11u);
    for (const WeightLine& line : finding.weights) EXPECT_TRUE(std::isnan(line.recovered));
}

/// What a cause gets wrong in a loop: two of one part cannot be planted at once, but for counts, which multiply.
enum class Part { divisor, accumulator, exchange };

Part part_of(Cause cause) {
    if (cause == Cause::zero_grad_in_window || cause == Cause::not_zeroed_after_step ||
        cause == Cause::epoch_tail_dropped)
        return Part::accumulator;
    return cause == Cause::token_mean_of_means || cause == Cause::missing_accum_division ||
                   cause == Cause::rank_local_denominator || cause == Cause::uneven_ranks_equal_weight ||
                   cause == Cause::average_count_per_micro || cause == Cause::no_world_compensation ||
                   cause == Cause::wrong_group_divisor
               ? Part::divisor
               : Part::exchange;
}

SyntheticLoop loop_with_both(Cause first, Cause second) {
    if (part_of(second) == Part::exchange) std::swap(first, second);
    SyntheticLoop both = loop_with(first);
    const SyntheticLoop other = loop_with(second);
    both.divisor = [a = both.divisor, b = other.divisor](const auto& window, const auto& micro, double devices) {
        return a(window, micro, devices) * b(window, micro, devices) * devices / units_of(window);
    };
    both.clears_before_micro |= other.clears_before_micro;
    both.clears_after_step &= other.clears_after_step;
    both.trains_on_tail &= other.trains_on_tail;
    return both;
}

TEST_P(Diagnose, TwoCausesAtOnceAreUnknown) {
    const Synthetic nested({.recipe = GetParam(), .copies = 2});
    const std::set<std::pair<Cause, Cause>> not_two{
        {Cause::no_world_compensation, Cause::sum_over_devices},       // together right
        {Cause::no_world_compensation, Cause::never_synced},           // together scaled_before_wait
        {Cause::rank_local_denominator, Cause::sum_over_devices},      // together unconditional_world_factor
        {Cause::epoch_tail_dropped, Cause::uneven_ranks_equal_weight}  // the tail is where the second one shows
    };
    std::vector<Cause> causes =
        synthetic_causes();  // one of each kind is enough: later ones are more counts and factors
    std::erase_if(causes, [](Cause cause) { return cause >= Cause::double_division; });
    for (const Cause first : causes) {
        for (const Cause second : causes) {
            if (first >= second || not_two.contains({first, second})) continue;
            if (part_of(first) == Part::exchange && part_of(second) == Part::exchange) continue;
            const auto records = records_of(nested, all_splits(), loop_with_both(first, second));
            EXPECT_EQ(diagnose(records).at(0).causes, Causes{Cause::unknown})
                << to_string(first) << " and " << to_string(second);
        }
    }
}

TEST_P(Diagnose, ParametersAreAlteredOnlyWhereTheirUpdateIsRight) {
    const auto alter = [](Trace& trace) {
        for (auto& steps : trace.ranks)
            for (Step& step : steps) step.made.at("param") = {"xxh3:2", "xxh3:1", "param/bias"};
    };
    EXPECT_EQ(found({{4, 4, 1}, {4, 2, 2}}, alter).causes, Causes{Cause::master_weights_lost});
    expect_unknown(found({{4, 4, 1}, {4, 2, 2}}, [&](Trace& trace) {
        alter(trace);
        for (auto& steps : trace.ranks)
            for (Step& step : steps)
                if (step.tensors.contains("forced/param/bias"))
                    edit(step, "forced/param/bias", [](std::size_t, double v) { return 2 * v; });
    }));
}

TEST_P(Diagnose, WhereNoOptimizerCountsItsStepsNoneCountsThemWrongly) {
    expect_unknown(found({{4, 4, 1}, {4, 2, 2}}, [](Trace& trace) {
        for (auto& steps : trace.ranks)
            for (Step& step : steps) step.made.at("opt") = {"xxh3:2", "xxh3:1", "opt/exp_avg/bias"};
    }));
}

TEST_P(Diagnose, WhatChangesNothingInADivergentTrialDidNotMakeItSo) {
    const auto late_rate = [](Trace& trace) {
        for (auto& steps : trace.ranks) steps[1].lr[0] *= 2;
    };
    // One micro a device and whole windows: every gradient is right, as most of the causes would have it.
    const Synthetic whole({.recipe = GetParam(), .samples = 48, .lengths = Lengths::equal});
    Examiner examiner(yardstick_of(whole.reference()));
    Trace candidate = whole.candidate({4, 1, 4});
    late_rate(candidate);
    const Record record = examiner.examine(candidate, "repro");
    ASSERT_EQ(result_of(record.verdict, Check::grad).outcome, Outcome::equivalent);
    const Finding finding = diagnose(std::span(&record, 1)).at(0);
    expect_unknown(finding);
    EXPECT_TRUE(says(finding.summary, "learning rate ")) << "no weight is wrong, so it says what is";
    EXPECT_EQ(finding.first, (Place{2, 0, "", -1}));
    EXPECT_TRUE(finding.weights.empty());
    EXPECT_TRUE(says(rival(finding, Cause::missing_accum_division)->ruled_out_by,
                     "4x1x4 is divergent, and it changes nothing there"));
    EXPECT_TRUE(says(rival(finding, Cause::epoch_tail_dropped)->ruled_out_by,
                     "data of 4x1x4 is right, and it makes that wrong"));
    expect_unknown(found({{4, 1, 4}}, late_rate));
}

TEST_P(Diagnose, ADroppedTailDoesNotExplainAWrongGradientThatWasNotDecoded) {
    const Synthetic small({.recipe = GetParam(), .parameters = {{"weight", {3}}}});
    SyntheticLoop loop = loop_with(Cause::epoch_tail_dropped);
    const std::vector<Split> splits{{4, 4, 1}};
    EXPECT_EQ(diagnose(records_of(small, splits, loop)).at(0).causes, Causes{Cause::epoch_tail_dropped});
    loop.weight = [](std::size_t, std::size_t i) { return i == 0 ? 3.0 : 1.0; };
    const Finding finding = diagnose(records_of(small, splits, loop)).at(0);
    expect_unknown(finding);
    EXPECT_TRUE(says(rival(finding, Cause::epoch_tail_dropped)->ruled_out_by, "it changes no gradient there"));
}

TEST_P(Diagnose, NothingIsNamedWhereNothingWasRead) {
    const Synthetic few({.recipe = GetParam(), .parameters = {{"weight", {3}}}});
    const Synthetic alike({.recipe = GetParam(), .alike = GetParam() == Recipe::fp64 ? 1 - 1e-15 : 1 - 1e-6});
    for (const Synthetic* blind : {&few, &alike}) {
        const Finding finding =
            diagnose(records_of(*blind, {{4, 4, 1}}, loop_with(Cause::missing_accum_division))).at(0);
        expect_unknown(finding);
        EXPECT_TRUE(finding.weights.empty());
        EXPECT_EQ(finding.first.step, 1);
    }
}

// As where the window that is wrong cannot be read, and the one that can is right, to within much.
TEST_P(Diagnose, NothingIsNamedByWeightsThatMayAllBeRight) {
    std::vector<Record> records = records_of(matrix, {{4, 4, 1}}, loop_with(Cause::n_minus_one));
    EXPECT_EQ(diagnose(records).at(0).causes, Causes{Cause::n_minus_one});
    for (WindowEvidence& window : records[0].evidence.windows) window.weight_tolerance = 0.25;
    expect_unknown(diagnose(records).at(0));
}

TEST_P(Diagnose, GreenSplitsExclude) {
    // From 4x4x1 alone the weights of 4 fit; that 2x2x4 is right rules the cause out.
    std::vector<Record> records = records_of(matrix, {{4, 4, 1}}, loop_with(Cause::missing_accum_division));
    EXPECT_EQ(diagnose(records).at(0).causes, Causes{Cause::missing_accum_division});
    records.push_back(records_of(matrix, {{2, 2, 4}}).at(0));
    const Finding finding = diagnose(records).at(0);
    expect_unknown(finding);
    EXPECT_TRUE(says(rival(finding, Cause::missing_accum_division)->ruled_out_by,
                     "in step 1 of 2x2x4 it predicts weight 2.0000 for sample"));
    EXPECT_TRUE(says(rival(finding, Cause::missing_accum_division)->ruled_out_by, "where the gradient is right"));

    records = records_of(matrix, {{4, 4, 1}}, loop_with(Cause::not_zeroed_after_step));
    records.push_back(records_of(matrix, {{16, 1, 1}}).at(0));
    EXPECT_TRUE(says(rival(diagnose(records).at(0), Cause::not_zeroed_after_step)->ruled_out_by,
                     "in step 2 of 16x1x1 it predicts an earlier gradient"));

    records = records_of(matrix, {{4, 4, 1}}, loop_with(Cause::epoch_tail_dropped));
    records.push_back(records_of(matrix, {{2, 2, 4}}).at(0));
    EXPECT_TRUE(says(rival(diagnose(records).at(0), Cause::epoch_tail_dropped)->ruled_out_by,
                     "2x2x4 misses 0 windows, 2 are ragged"));
}

TEST_P(Diagnose, AGreenSplitExcludesOnlyBeyondItsSensitivity) {
    std::vector<Record> records = records_of(matrix, {{4, 4, 1}}, loop_with(Cause::missing_accum_division));
    records.push_back(records_of(matrix, {{2, 2, 4}}).at(0));
    records[1].verdict.sensitivity = 1.5;  // a weight of 2 could have hidden in it
    EXPECT_EQ(diagnose(records).at(0).causes, Causes{Cause::missing_accum_division});
    records[1].verdict.sensitivity = 0.99;
    EXPECT_EQ(diagnose(records).at(0).causes, Causes{Cause::unknown});
}

/// A weight of 2^-16 is as good as 0 where a bad condition makes a tolerance wide, and yet it was read.
TEST_P(Diagnose, WhatLiesNearIsNamedBeforeWhatATolerancePasses) {
    const SyntheticLoop loop =
        arriving([](const auto&, const auto& micro) { return micro.micro == 0 ? 1 : 1 / first_loss_scale; });
    std::vector<Record> records = records_of(matrix, {{4, 4, 1}, {2, 2, 4}}, loop);
    for (Record& record : records)
        for (WindowEvidence& window : record.evidence.windows) window.weight_tolerance = 1e-4;
    const Finding finding = diagnose(records).at(0);
    EXPECT_EQ(finding.causes, Causes{Cause::unscale_without_scale});
    EXPECT_EQ(finding.occasion, Occasion(Timing::always, Reach::later_micros));
    EXPECT_LT(finding.worst_error, exactness);

    for (Record& record : records)
        for (WindowEvidence& window : record.evidence.windows)
            for (Recovered& recovered : window.recovered) recovered.weights[0] += 5e-5;
    EXPECT_EQ(diagnose(records).at(0).causes, Causes{Cause::first_backward_survives}) << "neither lies near";
}

TEST_P(Diagnose, APromisedNumberOfMicrosIsNamedWhereAWindowHasAnother) {
    const SyntheticLoop promised = dividing_by([](const auto& window, const auto& micro) {
        return std::max(1.0, micro.units) * window.accum * window.mesh.places;
    });
    const std::vector<Split> splits{{4, 4, 1}, {2, 4, 2}};
    EXPECT_EQ(diagnose(records_of(matrix, splits, promised)).at(0).causes,
              Causes{Cause::nominal_count_dynamic_batching})
        << "a tail has fewer";
    const Synthetic whole({.recipe = GetParam(), .samples = 48});
    const Finding finding = diagnose(records_of(whole, splits, promised)).at(0);
    EXPECT_EQ(finding.causes, (Causes{Cause::token_mean_of_means, Cause::sample_share_on_token_mean}));
    const Rival* other = rival(finding, Cause::nominal_count_dynamic_batching);
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(other->ruled_out_by, "every full window is cut as its split says");
    EXPECT_EQ(other->explained, 2);
}

TEST_P(Diagnose, CrashesDisturbNothing) {
    std::vector<Record> records = records_of(matrix, Cause::zero_grad_in_window);
    const Json alone = to_json(diagnose(records).at(0));
    records.insert(records.begin(), crashed_record(matrix.trial({16, 1, 1}), "repro", "signal 9"));
    records.push_back(crashed_record(matrix.trial({1, 1, 16}), "repro", "signal 9"));
    EXPECT_EQ(to_json(diagnose(records).at(0)), alone);
}

}  // namespace
}  // namespace isobatch
