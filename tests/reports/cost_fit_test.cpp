#include "reports/cost_fit.h"

#include "plan/isobatch.h"
#include "tests/base/expect.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

std::vector<Record> matrix(const std::string& engine) {
    std::vector<Record> records;
    for (const Split& split : splits_of({.effective = 16, .max_devices = 4})) {
        Record record = small_record("gpt", split, Outcome::equivalent);
        record.trial.engine = engine;
        record.cost.step_ms_min = 1 + static_cast<double>(split.accum);
        record.cost.memory.peak = 1000 + 10 * split.per_device;
        records.push_back(record);
    }
    return records;
}

TEST(CostModelOf, TakesWhatEveryTrialMeasured) {
    const CostModel model = cost_model_of(matrix("gloo"));
    EXPECT_FALSE(model.simulated);
    EXPECT_NEAR(step_ms(model, {1, 32, 1})->value, 33, 1e-6);
    EXPECT_NEAR(memory_bytes(model, {32, 1, 1})->value, 1320, 1e-6);
    EXPECT_TRUE(cost_model_of(matrix("serial")).simulated);
}

TEST(CostModelOf, WhereOneProcessOnlyWorksItsProcessorIsTheClock) {
    std::vector<Record> records = matrix("serial");
    for (Record& record : records) {
        record.cost.processor_ms_min = record.cost.step_ms_min =
            1 + static_cast<double>(record.trial.split.accum * record.trial.split.devices);
        record.cost.step_ms_min *= 1 + static_cast<double>(record.trial.split.per_device % 3);  // others had their turn
    }
    const auto clock = [&] { return cost_model_of(records).processors; };
    EXPECT_TRUE(clock());
    EXPECT_NEAR(step_ms(cost_model_of(records), {2, 8, 1})->value, 9, 1e-6);
    EXPECT_EQ(fastest_ms(records[0], cost_model_of(records)), records[0].cost.processor_ms_min);
    EXPECT_TRUE(says(to_string(cost_model_of(records)), "time of the processor: step = "));
    records[0].trial.threads = 2;  // its processors work more than it lasts
    EXPECT_FALSE(clock());
    EXPECT_EQ(fastest_ms(records[0], cost_model_of(records)), records[0].cost.step_ms_min);
    records[0].verdict.outcome = Outcome::out_of_memory;
    EXPECT_TRUE(clock()) << "it has no time";
    for (Record& record : records) record.trial.engine = "gloo";  // what waits for others takes no processor
    EXPECT_FALSE(clock());
    EXPECT_FALSE(says(to_string(cost_model_of(records)), "processor"));
}

TEST(CostModelOf, ACrashMeasuresNothing) {
    std::vector<Record> records = matrix("gloo");
    records[2].verdict.outcome = Outcome::crashed;
    records[3].verdict.outcome = Outcome::out_of_memory;
    EXPECT_EQ(cost_model_of(records).points.size(), records.size() - 2);
    EXPECT_FALSE(cost_model_of({}).time);
}

}  // namespace
}  // namespace isobatch
