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

/// samples[step], milliseconds and processor milliseconds of each, on one rank.
Trace worked(const std::vector<std::tuple<int, double, double>>& steps) {
    Trace trace = timed({{}});
    for (const auto& [samples, ms, processor_ms] : steps) {
        Step step;
        step.micros.resize(2);
        step.micros[0].samples.resize(static_cast<std::size_t>(samples - samples / 2));
        step.micros[1].samples.resize(static_cast<std::size_t>(samples / 2));
        step.step_ms = ms;
        step.processor_ms = processor_ms;
        trace.ranks[0].push_back(step);
    }
    return trace;
}

TEST(CostOf, TheFastestIsOfTheFullWindowsButTheFirst) {
    const Cost cost = cost_of(worked({{16, 1, 1}, {16, 9, 5}, {11, 3, 2}, {16, 7, 6}, {11, 2, 2}}));
    EXPECT_EQ(cost.step_ms_min, 7);
    EXPECT_EQ(cost.processor_ms_min, 5);
    EXPECT_EQ(cost_of(worked({{16, 1, 1}, {11, 3, 2}})).step_ms_min, 3) << "no other full one";
    EXPECT_EQ(cost_of(worked({{16, 4, 3}})).processor_ms_min, 3) << "a single step is all there is";
}

TEST(CostOf, AProcessorThatNobodyWatchedCostsNothing) {
    EXPECT_EQ(cost_of(worked({{16, 1, 1}, {16, 9, 0}, {16, 8, 6}})).processor_ms_min, 6);
    EXPECT_EQ(cost_of(worked({{16, 1, 0}, {16, 9, 0}})).processor_ms_min, 0);
}

TEST(CostOf, TheFastestStepLastsAsLongAsItsSlowestRank) {
    Trace trace = worked({{8, 1, 1}, {8, 2, 1}, {8, 9, 8}});
    trace.ranks.push_back(worked({{8, 1, 1}, {8, 6, 5}, {8, 3, 3}}).ranks[0]);
    EXPECT_EQ(cost_of(trace).step_ms_min, 6);
    EXPECT_EQ(cost_of(trace).processor_ms_min, 5);
}

TEST(CostOf, MemoryIsTheMostOfAnyStepAndRank) {
    Trace trace = timed({{1, 1}, {1, 1}});
    EXPECT_EQ(cost_of(trace).memory.peak, 0);
    trace.ranks[0][0].memory.peak = 3;
    trace.ranks[1][1].memory.peak = 7;
    trace.ranks[1][0].memory.peak = 5;
    EXPECT_EQ(cost_of(trace).memory.peak, 7);
    trace.ranks[1][1].memory.steady = 4;
    EXPECT_EQ(cost_of(trace).memory, trace.ranks[1][1].memory) << "with what that step holds otherwise";
    trace.ranks[0][0].memory = {7, 3};
    EXPECT_EQ(cost_of(trace).memory.steady, 4) << "of equals the last, whose optimizer has its state";
}

/// Two ranks of two steps, the last of which is the one that counts.
Trace in_parts(const std::string& engine) {
    Trace trace = timed({{9, 5}, {9, 6}});
    trace.manifest.engine = engine;
    for (std::size_t rank = 0; rank < 2; ++rank) {
        Step& step = trace.ranks[rank][1];
        const double scale = rank == 0 ? 1 : 10;
        step.micros = {{.units = 3, .forward_ms = 1 * scale, .backward_ms = 2 * scale},
                       {.units = 4, .forward_ms = 3 * scale, .backward_ms = 4 * scale}};
        step.exchange_ms = 5 * scale;
        step.optimizer_ms = 6 * scale;
    }
    return trace;
}

TEST(CostOf, TheFastestStepHasItsParts) {
    const Cost turns = cost_of(in_parts("serial:inner=2"));
    EXPECT_EQ(turns.forward_ms, 44);
    EXPECT_EQ(turns.backward_ms, 66);
    EXPECT_EQ(turns.exchange_ms, 55);
    EXPECT_EQ(turns.optimizer_ms, 66);
    const Cost beside = cost_of(in_parts("gloo"));
    EXPECT_EQ(beside.forward_ms, 40) << "of the slower rank";
    EXPECT_EQ(beside.optimizer_ms, 60);
    Trace other = in_parts("gloo");
    std::swap(other.ranks[0], other.ranks[1]);
    EXPECT_EQ(cost_of(other).backward_ms, 60) << "whichever it is";
    EXPECT_EQ(cost_of(other).units_per_second, 14 / 0.006);
    other.manifest.copies = 2;
    EXPECT_EQ(cost_of(other).units_per_second, 7 / 0.006) << "which hold the same samples";
}

TEST(CostOf, TheMediansIntervalIsThatOfTheSignTest) {
    const auto interval = [](std::size_t steps) {
        std::vector<double> ms{1000};
        for (std::size_t i = 1; i <= steps; ++i) ms.push_back(static_cast<double>(i));
        const Cost cost = cost_of(timed({ms}));
        return std::pair(cost.step_ms_low, cost.step_ms_high);
    };
    EXPECT_EQ(interval(1), std::pair(1., 1.));
    EXPECT_EQ(interval(5), std::pair(1., 5.));  // 2/2^5 > 0.05: no five values tell more than where they lie
    EXPECT_EQ(interval(6), std::pair(1., 6.));  // 2/2^6 < 0.05
    EXPECT_EQ(interval(8), std::pair(1., 8.));
    EXPECT_EQ(interval(9), std::pair(2., 8.));  // 2 (1 + 9)/2^9 < 0.05
    EXPECT_EQ(interval(20), std::pair(6., 15.));
    EXPECT_EQ(interval(2000).first, 956);
}

TEST(CostOf, SaysWhereItWasMeasured) {
    Trace trace = timed({{1}});
    EXPECT_EQ(cost_of(trace).machine + cost_of(trace).software, "");
    trace.manifest.provenance = {{"cpu", "Model 9"},     {"architecture", "x86-64"}, {"libtorch", "2.11.0"},
                                 {"compiler", "12.2"},   {"intra_op_threads", "1"},  {"threads", "2"},
                                 {"writer", "a writer"}, {"python", "3.11"}};
    EXPECT_EQ(cost_of(trace).machine, "x86-64, Model 9");
    EXPECT_EQ(cost_of(trace).software, "libtorch 2.11.0, python 3.11");
}

TEST(Cost, ReadsBackFromItsJson) {
    const Cost full{1.0 / 3,   1e9,        0.125, 1e-9, {std::int64_t{1} << 53, 77, 5, 4, 3, 2, 1},
                    "machine", "software", 0.25,  0.5,  2e9,
                    0.01,      0.02,       0.03,  0.04};
    for (const Cost& cost : {Cost{}, full, Cost{std::numeric_limits<double>::infinity(), 0}}) {
        const auto fields = [](const Cost& one) {  // a new one does not compile here until it is read back
            const auto& [median, rate, fastest, least, memory, machine, software, low, high, units, forward, backward,
                         exchange, optimizer] = one;
            return std::tie(median, rate, fastest, least, memory, machine, software, low, high, units, forward,
                            backward, exchange, optimizer);
        };
        EXPECT_TRUE(fields(cost_from_json(parse_json(to_json(cost).dump(), "file"), "file")) == fields(cost));
    }
    for (const Json& bad : {Json(), Json(1), Json::array(), Json::object()})
        EXPECT_TRUE(error_of([&] { cost_from_json(bad, "file"); }).where().starts_with("file")) << bad;
    const Json fields = to_json(full);
    for (const auto& [field, value] : fields.items()) {
        Json bad = to_json(full);
        bad.erase(field);
        EXPECT_TRUE(error_of([&] { cost_from_json(bad, "file"); }).where().starts_with("file")) << field;
        for (const Json& wrong : {Json(true), Json::array(), Json(nullptr), Json(-0.5)}) {
            bad[field] = wrong;
            if (wrong.is_number() && field != "machine" && field != "software" && !field.starts_with("memory_"))
                continue;
            EXPECT_TRUE(error_of([&] { cost_from_json(bad, "file"); }).where().starts_with("file")) << field;
        }
    }
}

}  // namespace
}  // namespace isobatch
