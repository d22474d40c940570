#include "diagnose/record.h"

#include "tests/base/expect.h"
#include "tests/diagnose/matrix.h"

namespace isobatch {
namespace {

TEST(Record, ReadsBackFromItsJson) {
    const Synthetic matrix;
    for (const Cause cause : all_causes) {
        for (Record record : records_of(matrix, {{16, 1, 1}, {2, 2, 4}}, loop_with(cause))) {
            record.trace = "traces/a.trace";
            record.traffic = {3, 4, 0.1};
            record.trial.fault = to_string(cause);
            record.clauses = {{Claim::tail, "keeps-tail", true, Stance::broken, "why"}};
            const Json json = to_json(record);
            const Record read = record_from_json(parse_json(json.dump(), "file"), "file");
            EXPECT_EQ(to_json(read).dump(), json.dump());
            const auto& [trial, repro, contract, clauses, verdict, evidence, traffic, cost, trace] = read;
            EXPECT_EQ(trial, record.trial);
            EXPECT_EQ(repro, record.repro);
            EXPECT_EQ(contract, record.contract);
            EXPECT_EQ(clauses, record.clauses);
            EXPECT_EQ(verdict, record.verdict);
            EXPECT_EQ(to_json(evidence), to_json(record.evidence));
            EXPECT_EQ(traffic, record.traffic);
            EXPECT_EQ(cost.step_ms_median, record.cost.step_ms_median);
            EXPECT_EQ(trace, record.trace);
        }
    }
}

TEST(Record, TheContractMayBeUnknown) {
    Record record = crashed_record({}, "", "");
    EXPECT_EQ(to_json(record)["contract"], nullptr);
    EXPECT_FALSE(record_from_json(to_json(record), "file").contract);
    record.contract = Contract{.weighting = Weighting::sample_mean, .keeps_tail = false, .schedule_varies = true};
    EXPECT_EQ(record_from_json(to_json(record), "file").contract, record.contract);
}

TEST(Record, TheJsonNamesTheSplitForWhoeverReadsIt) {
    EXPECT_EQ(to_json(crashed_record({.split = {4, 2, 2}}, "", ""))["split"], "4x2x2");
}

TEST(CrashedRecord, IsRedWithItsMessage) {
    const Trial trial{.split = {4, 2, 2}};
    const Record starved = out_of_memory_record(trial, "again", "1 MiB was asked for");
    EXPECT_EQ(starved.verdict.outcome, Outcome::out_of_memory);
    EXPECT_EQ(to_json(record_from_json(to_json(starved), "x")), to_json(starved));
    const Record record = crashed_record(trial, "again", "signal 11");
    EXPECT_EQ(record.trial, trial);
    EXPECT_EQ(record.repro, "again");
    EXPECT_EQ(record.verdict.outcome, Outcome::crashed);
    ASSERT_EQ(record.verdict.checks.size(), 1u);
    EXPECT_EQ(record.verdict.checks[0].check, Check::data);
    EXPECT_EQ(record.verdict.checks[0].outcome, Outcome::crashed);
    EXPECT_EQ(record.verdict.checks[0].message, "signal 11");
    EXPECT_EQ(record.verdict.checks[0].first, Place{});
    EXPECT_TRUE(record.evidence.windows.empty());
    EXPECT_EQ(to_json(record_from_json(to_json(record), "file")), to_json(record));
}

}  // namespace
}  // namespace isobatch
