#include "reports/gate/baseline.h"

#include "tests/base/expect.h"
#include "tests/reports/gate/small_gate.h"

namespace isobatch {
namespace {

TEST(SeenIn, HoldsTheWorstAndTheMostOfAllRuns) {
    std::vector<Result> rounds{small_round(), small_round()};
    Record& other = rounds[1].records[1];
    other.verdict.margin = 0.25;
    other.traffic = {48, 8192, 3};
    other.cost.memory.peak = 2000;
    rounds[0].records[2].verdict.outcome = Outcome::divergent;
    rounds[0].records[2].verdict.margin = 0.9;
    const Baseline seen = baseline_of(rounds);
    ASSERT_EQ(seen.trials.size(), 3u);
    EXPECT_EQ(seen.trials[1].margins, (std::vector<double>{0.125, 0.25}));
    EXPECT_EQ(seen.trials[1].traffic, (Traffic{48, 8192, 3}));
    EXPECT_EQ(seen.trials[1].memory_bytes_peak, 2000);
    EXPECT_EQ(seen.trials[2].outcome, Outcome::divergent);
    EXPECT_EQ(seen.trials[2].margins, std::vector<double>{0.125}) << "of the run in which it was right";
    EXPECT_EQ(seen.trials[0].repro, rounds[0].records[0].repro);
    EXPECT_EQ(seen.command, "isobatch check gpt --effective 4");
    EXPECT_EQ(seen.machine, "x86-64, Model 9");
    EXPECT_EQ(seen.software, "libtorch 2.11.0");
}

TEST(SeenIn, TheWholeIsItsWorstRun) {
    std::vector<Result> rounds{small_round(), small_round()};
    rounds[0].outcome = Outcome::inconclusive;
    rounds[0].summary = "Nothing could be shown.";
    const Baseline seen = baseline_of(rounds);
    EXPECT_EQ(seen.outcome, Outcome::inconclusive);
    EXPECT_EQ(seen.summary, "Nothing could be shown.");
    EXPECT_EQ(baseline_of({small_result()}).causes,
              (std::set<std::string>{"gpt: token-mean-of-means", "mlp: unknown"}));
}

TEST(SeenIn, TimesAreOfTheProcessorWhereAllHaveIt) {
    Result round = small_round();
    EXPECT_EQ(baseline_of({round}).clock, "processor");
    EXPECT_EQ(baseline_of({round}).trials[1].ms, std::vector<double>{6});
    round.records[0].trial.device = "cuda";
    EXPECT_EQ(baseline_of({round}).clock, "wall") << "a device's work is no work of a processor";
    round.records[0].trial.device = "cpu";
    round.records[0].cost.processor_ms_min = 0;
    EXPECT_EQ(baseline_of({round}).clock, "wall");
    EXPECT_EQ(baseline_of({round}).trials[1].ms, std::vector<double>{18});
    for (Record& record : round.records) record.cost.step_ms_min = record.cost.processor_ms_min = 0;
    EXPECT_EQ(baseline_of({round}).clock, "none");
    EXPECT_EQ(baseline_of({round}).trials[1].ms, std::vector<double>{0});
}

TEST(SeenIn, RunsOfOtherTrialsOrMachinesAreRefused) {
    Result fewer = small_round(), elsewhere = small_round(), newer = small_round();
    fewer.records.pop_back();
    for (Record& record : elsewhere.records) record.cost.machine = "another";
    for (Record& record : newer.records) record.cost.software = "another";
    for (const Result& other : {fewer, elsewhere, newer}) {
        const Error error = error_of([&] { baseline_of({small_round(), other}); });
        EXPECT_EQ(error.exit_code(), 2);
        EXPECT_EQ(error.where(), "run-1");
        EXPECT_TRUE(says(error.problem(), "run-0"));
    }
}

TEST(SeenIn, ARunThatWaitedForItsProcessorIsNoMeasurement) {
    Result busy = small_round();
    for (Record& record : busy.records) record.cost.step_ms_median = 1.2 * record.cost.processor_ms_min;
    Result idle = small_round();
    for (Record& record : idle.records) record.cost.step_ms_median = 1.05 * record.cost.processor_ms_min;
    EXPECT_EQ(baseline_of({busy, idle}).trials[0].ms, (std::vector<double>{0, 4}));
    for (Result* round : {&busy, &idle})
        for (Record& record : round->records) record.cost.processor_ms_min = 0;
    EXPECT_EQ(baseline_of({busy, idle}).trials[0].ms, (std::vector<double>{12, 12})) << "of wall time nobody can tell";
}

TEST(Approved, KeepsTheMarginsThatWereSeenBefore) {
    Baseline then = small_baseline(), now = small_baseline();
    then.trials[0].margins = {0.0625, 0.5};
    EXPECT_EQ(approved(then, now).trials[0].margins, (std::vector<double>{0.0625, 0.125, 0.5}));
    then.trials[0].outcome = Outcome::divergent;
    EXPECT_EQ(approved(then, now).trials[0].margins, std::vector<double>{0.125}) << "not those of what was wrong";
    then.trials[0].outcome = Outcome::equivalent;
    now.trials[0].outcome = Outcome::divergent;
    EXPECT_EQ(approved(then, now).trials[0].margins, std::vector<double>{0.125});
}

TEST(Approved, KeepsTheLargestMarginsAndTheLatestTimes) {
    Baseline then = small_baseline(), now = small_baseline();
    then.trials[0].margins.clear();
    for (std::size_t i = 1; i <= most_margins; ++i) then.trials[0].margins.push_back(static_cast<double>(i));
    now.trials[0].ms.assign(most_rounds, 2);
    now.trials[0].ms.insert(now.trials[0].ms.begin(), 1);
    const Baseline kept = approved(then, now);
    EXPECT_EQ(kept.trials[0].margins.size(), most_margins);
    EXPECT_EQ(kept.trials[0].margins.front(), 1) << "0.125 went";
    EXPECT_EQ(kept.trials[0].margins.back(), most_margins);
    EXPECT_EQ(kept.trials[0].ms, std::vector<double>(most_rounds, 2));
}

}  // namespace
}  // namespace isobatch
