/// Every cause, planted in a synthetic trainer, is red where it has power, green elsewhere, and named alone.
#include <algorithm>
#include <cmath>
#include <set>

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
    double exactness() const { return recipe() == Recipe::fp64 ? 1e-9 : 1e-5; }
};
INSTANTIATE_TEST_SUITE_P(Causes, Planted, testing::Combine(all_recipes(), testing::ValuesIn(known_causes())),
                         [](const testing::TestParamInfo<std::tuple<Recipe, Cause>>& test) {
                             std::string name =
                                 to_string(std::get<1>(test.param)) + "_" + to_string(std::get<0>(test.param));
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

TEST_P(Planted, IsNamedAloneFromAllSplitsTogether) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        const Synthetic matrix({.recipe = recipe(), .seed = seed});
        const std::vector<Finding> findings = diagnose(records_of(matrix, cause()));
        ASSERT_EQ(findings.size(), 1u);
        const Finding& finding = findings[0];
        EXPECT_EQ(finding.causes, Causes{cause()}) << "seed " << seed;
        EXPECT_EQ(finding.separated_by, "");
        EXPECT_EQ(finding.summary, meaning(cause()));
        EXPECT_EQ(finding.remedy, remedy(cause()));
        EXPECT_EQ(finding.precedent, precedent(cause()));
        EXPECT_LE(finding.worst_error, 16 * exactness());  // weights reach 16
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
    const Synthetic matrix({.recipe = recipe(), .seed = 7});
    const FaultEntry& fault = fault_of(cause());
    std::set<Check> red;
    for (const Record& record : records_of(matrix, cause())) {
        const Split& split = record.trial.split;
        const bool power = fault.power(split, layouts_of(matrix.candidate(split)));
        EXPECT_EQ(record.verdict.outcome == Outcome::divergent, power) << to_string(split);
        if (!power) {
            EXPECT_LE(record.verdict.outcome, Outcome::equivalent) << to_string(split);
        }
        for (const CheckResult& result : record.verdict.checks)
            if (result.outcome == Outcome::divergent) red.insert(result.check);
    }
    EXPECT_EQ(red, std::set<Check>(fault.red.begin(), fault.red.end()));
}

TEST_P(Planted, IsNamedAloneFromEverySingleSplit) {
    // None of these causes resembles another in any split of 16, so no set of two is ever listed.
    const Synthetic matrix({.recipe = recipe(), .seed = 3});
    for (const Record& record : records_of(matrix, cause())) {
        const std::vector<Finding> findings = diagnose(std::span(&record, 1));
        ASSERT_EQ(findings.empty(), record.verdict.outcome <= Outcome::equivalent);
        if (!findings.empty()) {
            EXPECT_EQ(findings[0].causes, Causes{cause()}) << to_string(record.trial.split);
        }
    }
}

TEST_P(Planted, ItsWeightsAreRecoveredInEveryWindow) {
    const Synthetic matrix({.recipe = recipe(), .seed = 2});
    for (const Record& record : records_of(matrix, cause())) {
        for (const WindowEvidence& window : record.evidence.windows) {
            const Prediction prediction = predict(cause(), window).value();
            for (const Recovered& recovered : window.recovered) {
                for (std::size_t i = 0; i < window.samples.size(); ++i) {
                    const double expected = prediction.weights[i], found = recovered.weights[i];
                    EXPECT_EQ(std::isnan(found), window.sample_units[i] == 0);
                    EXPECT_FALSE(std::abs(found - expected) > exactness() * std::max(1.0, expected))
                        << found << " " << expected;
                }
                EXPECT_EQ(recovered.stale.size(), static_cast<std::size_t>(window.window - 1));
                for (const double stale : recovered.stale) EXPECT_NEAR(stale, prediction.stale, exactness());
            }
        }
    }
}

TEST_P(Planted, IsNamedInALongRunToo) {
    const Synthetic matrix({.recipe = recipe(), .epochs = 5});
    const std::vector<Finding> findings =
        diagnose(records_of(matrix, {{16, 1, 1}, {4, 4, 1}, {2, 2, 4}}, loop_with(cause())));
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].causes, Causes{cause()});
}

TEST_P(Planted, ShowsTheFirstWindowThatIsWrong) {
    const Synthetic matrix({.recipe = recipe(), .seed = 1});
    const Finding finding = diagnose(records_of(matrix, cause())).at(0);
    if (cause() == Cause::epoch_tail_dropped) {
        EXPECT_EQ(finding.first, Place{});
        EXPECT_TRUE(finding.weights.empty());
        EXPECT_EQ(finding.trial, to_string(matrix.trial({16, 1, 1})));
        return;
    }
    const bool stale = cause() == Cause::not_zeroed_after_step;  // even the single large batch carries old gradients
    EXPECT_EQ(finding.trial, to_string(matrix.trial(stale ? Split{16, 1, 1} : Split{8, 2, 1})));
    EXPECT_EQ(finding.repro, "isobatch check " + finding.trial);
    EXPECT_EQ(finding.first, (Place{stale ? 2 : 1, 0, "", -1}));
    EXPECT_EQ(finding.stale.size(), stale ? 1u : 0u);
    const std::size_t w = stale ? 1 : 0;
    ASSERT_EQ(finding.weights.size(), 16u);
    for (std::size_t i = 0; i < 16; ++i) {
        const WeightLine& line = finding.weights[i];
        EXPECT_EQ(line.sample, std::to_string(matrix.windows()[w].samples[i]));
        EXPECT_EQ(line.units, matrix.windows()[w].units[i]);
        EXPECT_EQ(line.rank, 0);
        EXPECT_EQ(line.micro, stale ? 0 : static_cast<int>(i / 8));
        if (line.units > 0) {
            EXPECT_NEAR(line.recovered, line.predicted, exactness() * 2);
        }
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
