#include "measure/cost_model.h"

#include "plan/isobatch.h"
#include "tests/base/expect.h"

namespace isobatch {
namespace {

/// What a machine would take: 0.4 ms a micro, 0.1 a sample, 2 a further device, 1 an update; 1 MB and 50 KB a sample.
CostPoint measured(const Split& split, bool simulated, double slower = 1) {
    const double micros = static_cast<double>(simulated ? split.accum * split.devices : split.accum),
                 samples = micros * static_cast<double>(split.per_device);
    return {split, slower * (0.4 * micros + 0.1 * samples + 2 * static_cast<double>(split.devices - 1) + 1),
            1'000'000 + 50'000 * split.per_device};
}

std::vector<CostPoint> points(bool simulated, std::vector<std::int64_t> effectives = {16, 24}) {
    std::vector<CostPoint> all;
    for (const std::int64_t effective : effectives)
        for (const Split& split : splits_of({.effective = effective, .max_devices = 4}))
            all.push_back(measured(split, simulated));
    return all;
}

TEST(CostModel, PredictsSplitsThatItHasNotSeen) {
    for (const bool simulated : {false, true}) {
        const CostModel model = cost_model(points(simulated), simulated);
        for (const Split& split : {Split{64, 1, 1}, Split{5, 7, 3}, Split{1, 64, 8}}) {
            const CostPoint truth = measured(split, simulated);
            EXPECT_NEAR(step_ms(model, split)->value, truth.step_ms, 1e-6 * truth.step_ms) << to_string(split);
            EXPECT_NEAR(memory_bytes(model, split)->value, static_cast<double>(truth.memory_bytes), 1);
        }
        EXPECT_TRUE(says(to_string(model), "goal 10 %: met"));
        EXPECT_TRUE(says(to_string(model), "goal 5 %: met"));
        EXPECT_TRUE(says(to_string(model), simulated ? "step = accum x devices x (0.4" : "step = accum x (0.4"));
    }
}

TEST(CostModel, OneEffectiveBatchOfASimulationIsEnoughForItsOwnSplits) {
    std::vector<CostPoint> seen = points(true, {16});
    const CostModel model = cost_model(seen, true);
    EXPECT_LT(model.time->held_out[model.time->worst()], 1e-6);
    EXPECT_NEAR(step_ms(model, {2, 4, 2})->value, measured({2, 4, 2}, true).step_ms, 1e-6);
}

TEST(CostModel, SaysWhereItFails) {
    std::vector<CostPoint> seen = points(false);
    seen[3].step_ms *= 1.5;
    seen[4].memory_bytes *= 2;
    const std::string text = to_string(cost_model(seen, false));
    EXPECT_TRUE(says(text, "(" + to_string(seen[3].split) + "); goal 10 %: missed"));
    EXPECT_TRUE(says(text, "(" + to_string(seen[4].split) + "); goal 5 %: missed"));
}

TEST(CostModel, TooFewPointsAreNoFit) {
    std::vector<CostPoint> seen = points(false);
    seen.resize(5);
    const CostModel few = cost_model(seen, false);
    EXPECT_FALSE(few.time);
    EXPECT_TRUE(few.memory);
    EXPECT_FALSE(step_ms(few, {1, 1, 1}));
    EXPECT_TRUE(says(to_string(few), "time: no fit, as 5 splits were timed and it takes 6"));
    for (CostPoint& point : seen) point.step_ms = point.memory_bytes = 0;
    EXPECT_TRUE(says(to_string(cost_model(seen, false)), "memory: no fit, as 0 splits were weighed and it takes 4"));
    EXPECT_FALSE(memory_bytes(cost_model({}, false), {1, 1, 1}));
    EXPECT_TRUE(to_json(cost_model({}, false)).at("time").is_null());
}

TEST(CostModel, AJsonHasEveryTermAndEveryError) {
    const Json json = to_json(cost_model(points(false), false));
    EXPECT_NEAR(json.at("time").at("ms_per_micro").at(0).get<double>(), 0.4, 1e-6);
    EXPECT_NEAR(json.at("memory").at("bytes_per_sample").at(0).get<double>(), 50'000, 1e-3);
    EXPECT_EQ(json.at("time").at("splits").size(), points(false).size());
    EXPECT_EQ(json.at("time").at("goal_met"), true);
}

}  // namespace
}  // namespace isobatch
