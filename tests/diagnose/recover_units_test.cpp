/// Weights of units, and of what nothing tells apart.
#include <cmath>

#include <fmt/format.h>

#include "diagnose/evidence_of.h"
#include "diagnose/recover.h"
#include "tests/base/expect.h"
#include "tests/judge/recipes.h"
#include "tests/judge/synthetic.h"
#include "tests/judge/units_of.h"

namespace isobatch {
namespace {

class RecoverUnits : public testing::TestWithParam<Recipe> {
protected:
    double exactness() const { return GetParam() == Recipe::fp64 ? 1e-12 : 1e-5; }

    const Synthetic matrix{{.recipe = GetParam(), .seed = 5}};
};
INSTANTIATE_TEST_SUITE_P(Recipes, RecoverUnits, all_recipes(), recipe_name);

TEST_P(RecoverUnits, OfSamplesWithOneGradientTheMeanWeightIsRead) {
    Trace reference = matrix.reference(), candidate = matrix.candidate({4, 4, 1});
    std::size_t a = 0;
    while (matrix.windows()[1].units[a] == 0) ++a;
    const std::size_t b = a + (matrix.windows()[1].units[a + 1] == 0 ? 2 : 1);
    for (const Parameter& parameter : reference.manifest.parameters) {  // b's gradient becomes a's, and counts thrice
        Tensors& tensors = reference.ranks[0][1].tensors;
        const std::string first = fmt::format("sample/{}/{}", a, parameter.name),
                          second = fmt::format("sample/{}/{}", b, parameter.name);
        const std::vector<double> x = as_doubles(tensors.at(first), first), y = as_doubles(tensors.at(second), second);
        edit(candidate.ranks[0][1], "grad/" + parameter.name,
             [&](std::size_t j, double g) { return g + 3 * x[j] - y[j]; });
        tensors[second] = tensors.at(first);
    }
    const Yardstick measure = yardstick_of(reference);
    Evidence evidence = evidence_of(measure, candidate);
    Decoder(measure).recover(evidence, candidate);
    const WindowEvidence& window = evidence.windows.at(1);
    EXPECT_EQ(window.refused, "");
    const Recovered& entry = window.recovered.at(0);
    EXPECT_EQ(entry.alike, (std::vector<std::vector<Source>>{{{a}, {b}}}));
    for (std::size_t i = 0; i < entry.weights.size(); ++i) {
        if (std::isnan(entry.weights[i])) continue;
        EXPECT_NEAR(entry.weights[i], i == a || i == b ? 2 : 1, 100 * exactness()) << i;
    }
    EXPECT_TRUE(evidence.windows.at(0).recovered.at(0).alike.empty());
}

/// What is left of a window's gradient when these units' are taken away.
void lose(Trace& candidate, const Trace& reference, std::size_t w, std::size_t sample, std::size_t unit) {
    for (const Parameter& parameter : reference.manifest.parameters) {
        const std::string name = fmt::format("units/{}/{}", sample, parameter.name);
        const std::vector<double> block = as_doubles(reference.ranks[0][w].tensors.at(name), name);
        const std::size_t size = count_of(parameter);
        edit(candidate.ranks[0][w], "grad/" + parameter.name,
             [&](std::size_t j, double g) { return g - block[unit * size + j]; });
    }
}

TEST_P(RecoverUnits, WhereNoWeightsOfSamplesExplainAGradientThoseOfTheirUnitsAreRead) {
    const Synthetic wide({.recipe = GetParam(), .seed = 5, .parameters = {{"weight", {20, 20}}, {"bias", {9}}}});
    const Trace reference = with_units(wide.reference(), 1);
    const Yardstick measure = yardstick_of(reference);
    std::size_t sample = 0;
    while (measure.windows[1].sample_units[sample] < 3) ++sample;
    Trace candidate = wide.candidate({16, 1, 1});
    lose(candidate, reference, 1, sample, 1);
    Evidence evidence = evidence_of(measure, candidate);
    Decoder(measure).recover(evidence, candidate);
    const WindowEvidence& window = evidence.windows.at(1);
    const Recovered& entry = window.recovered.at(0);
    EXPECT_LE(entry.residual, residual_limit(GetParam()));
    ASSERT_EQ(entry.units.size(), window.samples.size());
    const double exact = 100 * exactness();
    for (std::size_t i = 0; i < entry.units.size(); ++i) {
        ASSERT_EQ(static_cast<double>(entry.units[i].size()), window.sample_units[i]);
        for (std::size_t unit = 0; unit < entry.units[i].size(); ++unit)
            EXPECT_NEAR(entry.units[i][unit], i == sample && unit == 1 ? 0 : 1, exact);
        const double units = window.sample_units[i];
        if (units == 0)
            EXPECT_TRUE(std::isnan(entry.weights[i]));
        else
            EXPECT_NEAR(entry.weights[i], i == sample ? 1 - 1 / units : 1, exact);
    }
    EXPECT_GT(window.weight_tolerance, 0);
    EXPECT_TRUE(evidence.windows.at(0).recovered.at(0).units.empty()) << "where they were not asked for";

    Trace right = wide.candidate({16, 1, 1}, {.weight = [](std::size_t, std::size_t i) { return i == 2 ? 0.0 : 1.0; }});
    Evidence of_samples = evidence_of(measure, right);
    Decoder(measure).recover(of_samples, right);
    EXPECT_TRUE(of_samples.windows.at(1).recovered.at(0).units.empty()) << "samples explain it";
}

/// Of a parameter that alone is wrong, and has too few entries, the others tell the units apart that reach it.
TEST_P(RecoverUnits, AUnitThatReachesFewParametersIsReadFromAll) {
    const Synthetic wide({.recipe = GetParam(), .seed = 5, .parameters = {{"weight", {20, 20}}, {"bias", {9}}}});
    Trace reference = with_units(wide.reference(), 1);
    std::size_t sample = 0;
    while (reference.ranks[0][1].trusted->sample_units[sample] < 3) ++sample;
    const std::string name = fmt::format("units/{}/weight", sample);
    const std::vector<double> block = as_doubles(reference.ranks[0][1].tensors.at(name), name);
    edit(reference.ranks[0][1], name, [&](std::size_t j, double g) {
        return j < 400 ? g + block[400 + j] : j < 800 ? 0 : g;
    });
    const Yardstick measure = yardstick_of(reference);
    Trace candidate = wide.candidate({16, 1, 1});
    lose(candidate, reference, 1, sample, 1);
    Evidence evidence = evidence_of(measure, candidate);
    Decoder(measure).recover(evidence, candidate);
    EXPECT_EQ(evidence.windows.at(1).refused, "");
    EXPECT_NEAR(evidence.windows.at(1).recovered.at(0).units.at(sample).at(1), 0, 1000 * exactness());
}

TEST_P(RecoverUnits, UnitsThatCannotBeToldApartOrExplainNoMoreAreNotRead) {
    const Trace reference = with_units(matrix.reference(), 1);  // 41 parameters
    const Yardstick measure = yardstick_of(reference);
    std::size_t sample = 0;
    while (measure.windows[1].sample_units[sample] < 3) ++sample;
    Trace few = matrix.candidate({16, 1, 1});
    lose(few, reference, 1, sample, 1);
    Evidence evidence = evidence_of(measure, few);
    Decoder(measure).recover(evidence, few);
    EXPECT_TRUE(evidence.windows.at(1).recovered.at(0).units.empty());
    EXPECT_GT(evidence.windows.at(1).recovered.at(0).residual, residual_limit(GetParam()));

    const Synthetic wide({.recipe = GetParam(), .seed = 5, .parameters = {{"weight", {20, 20}}, {"bias", {9}}}});
    const Yardstick enough = yardstick_of(with_units(wide.reference(), 1));
    Trace other = wide.candidate({16, 1, 1});
    edit(other.ranks[0][1], "grad/weight", [](std::size_t j, double g) { return j % 2 ? g + 1 : g; });
    Evidence none = evidence_of(enough, other);
    Decoder(enough).recover(none, other);
    EXPECT_TRUE(none.windows.at(1).recovered.at(0).units.empty());
}

}  // namespace
}  // namespace isobatch
