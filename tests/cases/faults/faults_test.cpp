#include "cases/faults/faults.h"

#include <gtest/gtest.h>

#include "../../base/expect.h"
#include "../../run/small_trial.h"
#include "diagnose/diagnose.h"
#include "plan/fault.h"
#include "plan/isobatch.h"
#include "run/matrix.h"

namespace isobatch {

TEST(Faults, EveryEntryOfTheCatalogueIsPlantedByExactlyOneFamily) {
    for (const FaultEntry& entry : fault_catalogue()) {
        isobatch::Setup setup = make_setup(small_trial({1, 2, 2}));
        EXPECT_EQ(plant_denominator(entry.id, setup) + plant_accumulator(entry.id, setup) +
                      plant_clip(entry.id, setup) + plant_synchronisation(entry.id, setup) +
                      plant_data(entry.id, setup) + plant_schedule(entry.id, setup) + plant_reporting(entry.id, setup) +
                      plant_precision(entry.id, setup) + plant_statistics(entry.id, setup) +
                      plant_loss(entry.id, setup),
                  1)
            << entry.id;
    }
}

TEST(Faults, UnknownIdIsRefused) {
    isobatch::Setup setup = make_setup(small_trial({1, 2, 2}));
    EXPECT_TRUE(says(error_of([&] { plant("nothing", setup); }).problem(), "nothing"));
}

/// Whether no window that starts from the reference's state shows it.
static bool only_in_a_trajectory(const FaultEntry& entry) {
    return entry.red == std::vector{Check::trajectory};
}

TEST(Faults, WhatOnlyAGpusKernelsGetWrongIsRefusedOnTheCpu) {
    for (const FaultEntry& entry : fault_catalogue()) {
        if (why_not_planted(entry, "cpu").empty()) continue;
        isobatch::Setup setup = make_setup(small_trial({1, 2, 2}));
        const Error error = error_of([&] { plant(entry.id, setup); });
        EXPECT_EQ(error.problem(), why_not_planted(entry, "cpu"));
        EXPECT_EQ(error.next(), "add --device cuda");
        EXPECT_EQ(error.exit_code(), 2);
    }
}

/// Each fault turns exactly the checks red that its entry names, where it has power.
TEST(Faults, RedAndGreenChecksAreAsTheCatalogueSays) {
    for (const FaultEntry& entry : faults_on("cpu")) {
        Trial trial = suited(small_trial({2, 2, 2}), entry);
        trial.seed = 2;    // of micros that hold rows of two lengths, and one that holds nothing scored
        trial.copies = 2;  // some matter only there
        trial.fault = entry.id;
        trial.trajectory = only_in_a_trajectory(entry) ? 4 : 0;
        const Record record = Matrix(plant, {}).run(trial);
        for (const Check check : entry.red)
            EXPECT_EQ(result_of(record.verdict, check).outcome, Outcome::divergent)
                << entry.id << ": " << to_string(check);
        const std::vector<Check> green = green_checks(entry);
        for (const CheckResult& result : record.verdict.checks)
            EXPECT_TRUE(std::find(green.begin(), green.end(), result.check) == green.end() ||
                        result.outcome <= Outcome::equivalent)
                << entry.id << ": " << to_string(result.check);
    }
}

/// From all splits together, ours to the last: each is named, and where nothing else looks like it, alone.
std::vector<Finding> findings_of(const FaultEntry& entry, const std::string& optimizer = {}) {
    std::vector<Record> records;
    Matrix matrix(plant, {});
    for (const Split& split : splits_of({.effective = 8, .max_devices = 2})) {
        Trial trial = small_trial(split);
        trial.optimizer = optimizer;
        trial = suited(trial, entry);
        trial.copies = entry.cause == Cause::wrong_group_divisor ? 2 : 1;
        trial.fault = entry.id;
        trial.trajectory = only_in_a_trajectory(entry) ? 4 : 0;
        records.push_back(matrix.run(trial));
    }
    return diagnose(records);
}

TEST(Faults, EveryOneIsNamed) {
    for (const FaultEntry& entry : faults_on("cpu")) {
        if (!entry.cause) continue;
        const std::vector<Finding> findings = findings_of(entry);
        ASSERT_EQ(findings.size(), 1U) << entry.id;
        EXPECT_EQ(findings[0].causes, std::vector<Cause>{*entry.cause}) << entry.id;
    }
}

/// With a rate of 0, weight decay or none is the same.
TEST(Faults, ARateThatRunsAheadIsNoLostDecay) {
    for (const char* id : {"schedule-per-micro", "schedule-per-rank"}) {
        const std::vector<Finding> findings = findings_of(find_fault(id), "adamw");
        ASSERT_EQ(findings.size(), 1U) << id;
        EXPECT_EQ(findings[0].causes, std::vector<Cause>{parse_cause(id)}) << findings[0].summary;
    }
}

}  // namespace isobatch
