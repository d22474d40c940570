/// Every cause, planted in a synthetic trainer, is red where it has power, green elsewhere, and named alone.
#include <algorithm>
#include <cmath>
#include <set>

#include "diagnose/astray.h"
#include "diagnose/diagnose.h"
#include "diagnose/predict.h"
#include "plan/fault.h"
#include "tests/base/expect.h"
#include "tests/diagnose/matrix.h"
#include "tests/judge/recipes.h"

namespace isobatch {
namespace {

using Causes = std::vector<Cause>;

const FaultEntry& fault_of(Cause cause) {
    return find_fault(to_string(cause));
}

class Planted : public testing::TestWithParam<std::tuple<Recipe, Cause>> {
protected:
    Recipe recipe() const { return std::get<0>(GetParam()); }
    Cause cause() const { return std::get<1>(GetParam()); }
    int copies() const { return cause() == Cause::wrong_group_divisor ? 2 : 1; }
    double exactness() const { return recipe() == Recipe::fp64 ? 1e-9 : 1e-5; }
};
INSTANTIATE_TEST_SUITE_P(Causes, Planted, testing::Combine(all_recipes(), testing::ValuesIn(causes_of_weights())),
                         [](const testing::TestParamInfo<std::tuple<Recipe, Cause>>& test) {
                             std::string name =
                                 to_string(std::get<1>(test.param)) + "_" + to_string(std::get<0>(test.param));
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

TEST_P(Planted, IsNamedAloneFromAllSplitsTogether) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        const Synthetic matrix({.recipe = recipe(), .seed = seed, .copies = copies()});
        const std::vector<Finding> findings = diagnose(records_of(matrix, cause()));
        ASSERT_EQ(findings.size(), 1u);
        const Finding& finding = findings[0];
        EXPECT_EQ(finding.causes, Causes{cause()}) << "seed " << seed;
        EXPECT_EQ(finding.separated_by, "");
        const bool in_part = cause() == Cause::replicated_partial;
        EXPECT_EQ(finding.summary,
                  meaning(cause()) + (in_part ? " Of all gradients only that of weight is wrong." : ""));
        EXPECT_EQ(finding.remedy, remedy(cause()));
        EXPECT_EQ(finding.precedent, precedent(cause()));
        EXPECT_LE(finding.worst_error, 128 * exactness());  // weights reach 2^7
        Causes rivals{cause()};
        for (const Rival& rival : finding.rivals) {
            EXPECT_NE(rival.ruled_out_by, "") << to_string(rival.cause);
            rivals.push_back(rival.cause);
        }
        std::sort(rivals.begin(), rivals.end());
        EXPECT_EQ(rivals, known_causes());
    }
}

TEST_P(Planted, IsRedWhereItHasPowerAndOnlyInItsChecks) {
    const Synthetic matrix({.recipe = recipe(), .seed = 7, .copies = copies()});
    const FaultEntry& fault = fault_of(cause());
    std::set<Check> red;
    for (const Record& record : records_of(matrix, cause())) {
        const Split& split = record.trial.split;
        const bool power = fault.power(layouts_of(matrix.candidate(split)));
        EXPECT_EQ(record.verdict.outcome == Outcome::divergent, power) << to_string(split);
        if (!power) {
            EXPECT_LE(record.verdict.outcome, Outcome::equivalent) << to_string(split);
        }
        for (const CheckResult& result : record.verdict.checks)
            if (result.outcome == Outcome::divergent) red.insert(result.check);
    }
    for (const Check check : fault.may) red.erase(check);
    EXPECT_EQ(red, std::set<Check>(fault.red.begin(), fault.red.end()));
}

/// Whether two causes leave the same in every window of a trial.
bool look_alike(Cause a, Cause b, const Record& record) {
    for (const WindowEvidence& window : record.evidence.windows)
        for (int rank = 0; rank < window.layout.mesh.ranks(); ++rank) {
            const Prediction x = predict(a, window, rank).value(), y = predict(b, window, rank).value();
            for (std::size_t i = 0; i < x.weights.size(); ++i)
                if (window.sample_units[i] > 0 && std::abs(x.weights[i] - y.weights[i]) > 1e-3) return false;
            if (x.stale != y.stale || x.rounded != y.rounded || x.in_part != y.in_part || x.steps != y.steps ||
                x.schedule_steps != y.schedule_steps)
                return false;
        }
    const auto touches = [](Cause cause, Check check) {
        const FaultEntry& fault = fault_of(cause);
        return std::find(fault.red.begin(), fault.red.end(), check) != fault.red.end();
    };
    for (const Check check : {Check::events, Check::loss, Check::step})
        if (touches(a, check) != touches(b, check)) return false;
    return explains_ledger(a, record.evidence) == explains_ledger(b, record.evidence);
}

TEST_P(Planted, IsNamedFromEverySingleSplitWithItsLookAlikes) {
    const Synthetic matrix({.recipe = recipe(), .seed = 3, .copies = copies()});
    for (const Record& record : records_of(matrix, cause())) {
        const std::vector<Finding> findings = diagnose(std::span(&record, 1));
        ASSERT_EQ(findings.empty(), record.verdict.outcome <= Outcome::equivalent);
        if (findings.empty()) continue;
        Causes expected;
        for (const Cause other : synthetic_causes())
            if (look_alike(cause(), other, record) && (record.trial.split.devices > 1 || !concerns_devices(other)))
                expected.push_back(other);
        Causes named = findings[0].causes;  // a tail that is smaller than the devices is lost to more than one cause
        std::erase_if(named, [](Cause one) { return one == Cause::ragged_rank_streams; });
        EXPECT_EQ(named, expected) << to_string(record.trial.split);
        EXPECT_EQ(findings[0].separated_by.empty(), findings[0].causes.size() == 1);
    }
}

TEST_P(Planted, ItsWeightsAreRecoveredInEveryWindow) {
    const Synthetic matrix({.recipe = recipe(), .seed = 2, .copies = copies()});
    for (const Record& record : records_of(matrix, cause())) {
        for (const WindowEvidence& window : record.evidence.windows) {
            for (const Recovered& recovered : window.recovered) {
                const Prediction prediction = predict(cause(), window, recovered.ranks.front()).value();
                const double largest =
                    std::max(1.0, *std::max_element(prediction.weights.begin(), prediction.weights.end()));
                for (std::size_t i = 0; i < window.samples.size(); ++i) {
                    const double expected = prediction.weights[i], found = recovered.weights[i];
                    EXPECT_EQ(std::isnan(found), window.sample_units[i] == 0);
                    EXPECT_FALSE(std::abs(found - expected) > exactness() * largest) << found << " " << expected;
                }
                EXPECT_EQ(recovered.stale.size(), static_cast<std::size_t>(window.window - 1));
                for (const double stale : recovered.stale) EXPECT_NEAR(stale, prediction.stale, exactness());
            }
        }
    }
}

TEST_P(Planted, IsNamedInALongRunToo) {
    const Synthetic matrix({.recipe = recipe(), .epochs = 5, .copies = copies()});
    const std::vector<Finding> findings =
        diagnose(records_of(matrix, {{16, 1, 1}, {4, 4, 1}, {2, 2, 4}, {2, 4, 2}}, loop_with(cause())));
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].causes, Causes{cause()});
}

/// Where a cause first changes a weight.
std::tuple<const Record*, const WindowEvidence*, int> first_wrong(const std::vector<Record>& records, Cause cause) {
    for (const Record& record : records)
        for (const WindowEvidence& window : record.evidence.windows)
            for (int rank = 0; rank < window.layout.mesh.ranks(); ++rank) {
                const Prediction prediction = predict(cause, window, rank).value();
                if (prediction.stale > 0 && window.window > 1) return {&record, &window, rank};
                for (std::size_t i = 0; i < prediction.weights.size(); ++i)
                    if (window.sample_units[i] > 0 && std::abs(prediction.weights[i] - 1) > 1e-9)
                        return {&record, &window, rank};
            }
    return {};
}

TEST_P(Planted, ShowsTheFirstWindowThatIsWrong) {
    const Synthetic matrix({.recipe = recipe(), .seed = 1, .copies = copies()});
    const std::vector<Record> records = records_of(matrix, cause());
    const Finding finding = diagnose(records).at(0);
    if (cause() == Cause::epoch_tail_dropped) {
        EXPECT_EQ(finding.first, Place{});
        EXPECT_TRUE(finding.weights.empty());
        EXPECT_EQ(finding.trial, to_string(matrix.trial({16, 1, 1})));
        return;
    }
    const auto [record, window, rank] = first_wrong(records, cause());
    ASSERT_NE(window, nullptr);
    EXPECT_EQ(finding.trial, to_string(record->trial));
    EXPECT_EQ(finding.repro, "isobatch check " + finding.trial);
    EXPECT_EQ(finding.first, (Place{window->step, rank, "", -1}));
    const bool stale = cause() == Cause::not_zeroed_after_step;
    EXPECT_EQ(finding.stale.size(), static_cast<std::size_t>(window->window - 1));
    const bool in_a_tail = cause() == Cause::uneven_ranks_equal_weight || cause() == Cause::short_window_nominal_accum;
    const bool before_a_new_shape = cause() == Cause::cleared_at_new_shape;  // which the first window has not
    EXPECT_EQ(window->window, stale || before_a_new_shape ? 2 : in_a_tail ? 3 : 1);
    ASSERT_EQ(finding.weights.size(), window->samples.size());
    for (std::size_t i = 0; i < finding.weights.size(); ++i) {
        const WeightLine& line = finding.weights[i];
        const MicroCount& micro = window->layout.micros[static_cast<std::size_t>(window->micro_of[i])];
        EXPECT_EQ(line.sample, window->samples[i]);
        EXPECT_EQ(line.units, window->sample_units[i]);
        EXPECT_EQ(line.rank, micro.rank);
        EXPECT_EQ(line.micro, micro.micro);
        if (line.units > 0) {
            EXPECT_NEAR(line.recovered, line.predicted, exactness() * 16);
        }
    }
}

class PlantedBits : public testing::TestWithParam<Recipe> {};
INSTANTIATE_TEST_SUITE_P(Recipes, PlantedBits,
                         testing::Values(Recipe::fp64, Recipe::fp32, Recipe::bf16, Recipe::fp16_autocast),
                         [](const auto& test) {
                             return test.param == Recipe::fp16_autocast ? "fp16" : to_string(test.param);
                         });

/// Enough entries to show what they were summed in.
Synthetic wide_matrix(Recipe recipe, std::uint64_t seed = 1) {
    return Synthetic({.recipe = recipe, .seed = seed, .parameters = {{"weight", {40, 25}}, {"bias", {7}}}});
}

TEST_P(PlantedBits, SumsOfFewBitsAreRedWhereTheyHavePowerAndNamedAlone) {
    for (const Cause cause : {Cause::bf16_accumulator, Cause::bf16_reduction}) {
        const Synthetic matrix = wide_matrix(GetParam());
        const std::vector<Record> records = records_of(matrix, cause);
        int seen = 0;
        for (const Record& record : records) {
            const Split& split = record.trial.split;
            const bool red = record.verdict.outcome == Outcome::divergent;
            EXPECT_EQ(red, fault_of(cause).power(layouts_of(matrix.candidate(split)))) << to_string(split);
            for (const CheckResult& result : record.verdict.checks)
                EXPECT_EQ(result.outcome == Outcome::divergent, red && result.check == Check::grad);
            seen += red;
        }
        EXPECT_GT(seen, 0);
        EXPECT_LT(seen, 15 + (cause == Cause::bf16_accumulator && !computes_narrow(GetParam())));
        const std::vector<Finding> findings = diagnose(records);
        ASSERT_EQ(findings.size(), 1u);
        EXPECT_EQ(findings[0].causes, Causes{cause});
        EXPECT_EQ(findings[0].remedy, remedy(cause));
    }
}

/// A clear inside the window leaves the bits of one micro, which may be those of bf16: still no sum of few bits.
TEST_P(PlantedBits, AnotherCauseIsNotTakenForOne) {
    const Synthetic matrix = wide_matrix(GetParam(), 2);
    for (const Cause cause : {Cause::zero_grad_in_window, Cause::never_synced}) {
        const std::vector<Finding> findings = diagnose(records_of(matrix, cause));
        ASSERT_EQ(findings.size(), 1u);
        for (const Cause named : findings[0].causes) EXPECT_FALSE(concerns_bits(named)) << to_string(named);
    }
}

TEST(Planted, MeanOfMeansPrintsUnitsPerMicrosTimesOwnUnits) {
    const Synthetic matrix;
    const Finding finding = diagnose(records_of(matrix, {{4, 4, 1}}, loop_with(Cause::token_mean_of_means))).at(0);
    const WindowLayout layout = layout_of(matrix.windows()[0], {4, 4, 1});
    for (const WeightLine& line : finding.weights) {
        const double expected = units_of(layout) / (4 * layout.micros[static_cast<std::size_t>(line.micro)].units);
        EXPECT_NEAR(line.predicted, expected, 1e-15);
        if (line.units > 0) {
            EXPECT_NEAR(line.recovered, expected, 1e-9);
        }
    }
}

TEST(Planted, WithoutPowerNothingIsFound) {
    const Synthetic equal({.samples = 48, .lengths = Lengths::equal});
    for (const Cause cause : {Cause::token_mean_of_means, Cause::epoch_tail_dropped})
        EXPECT_TRUE(diagnose(records_of(equal, cause)).empty()) << to_string(cause);
}

}  // namespace
}  // namespace isobatch
