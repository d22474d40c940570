#include "measure/cost.h"

#include <limits>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

/// ms[rank][step], in a 4x2x2 run.
Trace timed(const std::vector<std::vector<double>>& ms) {
    Trace trace;
    trace.manifest.split = {4, 2, 2};
    for (const std::vector<double>& rank : ms) {
        trace.ranks.emplace_back();
        for (const double one : rank) {
            Step step;
            step.step_ms = one;
            trace.ranks.back().push_back(step);
        }
    }
    return trace;
}

double median(const std::vector<std::vector<double>>& ms) {
    return cost_of(timed(ms)).step_ms_median;
}

TEST(CostOf, TheMedianLeavesOutTheFirstStep) {
    EXPECT_EQ(median({{1000, 5, 1, 3}}), 3);
    EXPECT_EQ(median({{0.5, 8, 4, 100, 6, 5}}), 6);
    EXPECT_EQ(median({{1000, 2}}), 2);
}

TEST(CostOf, AnEvenNumberTakesTheLargerOfTheMiddleTwo) {
    EXPECT_EQ(median({{1000, 1, 2, 4, 8}}), 4);
}

TEST(CostOf, ASingleStepIsAllThereIs) {
    EXPECT_EQ(median({{7}}), 7);
}

TEST(CostOf, AStepLastsAsLongAsItsSlowestRank) {
    EXPECT_EQ(median({{9, 1, 5, 1}, {9, 4, 2, 6}}), 5);
    EXPECT_EQ(median({{9, 1, 1, 1}, {9, 4}}), 1);
    EXPECT_EQ(median({{9, 3, 2, 2}, {}}), 2);
}

TEST(CostOf, StepsWithoutATimeAreNotCounted) {
    EXPECT_EQ(median({{9, 0, 6, 0, 0, 8, 7}}), 7);
    EXPECT_EQ(median({{0, 0}}), 0);
    EXPECT_EQ(median({{0, 0}, {0, 3}}), 3);
}

TEST(CostOf, SamplesPerSecondCountTheWholeBatch) {
    EXPECT_EQ(cost_of(timed({{9, 8, 8}})).samples_per_second, 16 / 0.008);
    EXPECT_EQ(cost_of(timed({{9, 8, 8}, {9, 4, 4}})).samples_per_second, 16 / 0.008);
}

TEST(CostOf, NothingCostsNothing) {
    for (const Trace& trace : {Trace{}, timed({{}}), timed({{}, {}}), timed({{0}})}) {
        EXPECT_EQ(cost_of(trace).step_ms_median, 0);
        EXPECT_EQ(cost_of(trace).samples_per_second, 0);
    }
}

TEST(Cost, ReadsBackFromItsJson) {
    for (const Cost& cost : {Cost{}, Cost{1.0 / 3, 1e9}, Cost{std::numeric_limits<double>::infinity(), 0}}) {
        const Cost read = cost_from_json(parse_json(to_json(cost).dump(), "file"), "file");
        EXPECT_EQ(read.step_ms_median, cost.step_ms_median);
        EXPECT_EQ(read.samples_per_second, cost.samples_per_second);
    }
    EXPECT_EQ(to_json(Cost{2, 3}), (Json{{"step_ms_median", 2.0}, {"samples_per_second", 3.0}}));
    for (const Json& bad : {Json(), Json(1), Json::array(), Json::object(), Json{{"step_ms_median", 1}},
                            Json{{"samples_per_second", 1}}, Json{{"step_ms_median", "1"}, {"samples_per_second", 1}},
                            Json{{"step_ms_median", 1}, {"samples_per_second", true}}})
        EXPECT_TRUE(error_of([&] { cost_from_json(bad, "file"); }).where().starts_with("file")) << bad;
}

}  // namespace
}  // namespace isobatch
