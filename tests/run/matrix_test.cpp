#include "run/matrix.h"

#include <gtest/gtest.h>

#include "../base/expect.h"
#include "../base/temporary_directory.h"
#include "cases/faults/faults.h"
#include "diagnose/diagnose.h"
#include "diagnose/result.h"
#include "noisy_case.h"
#include "plan/isobatch.h"
#include "small_trial.h"
#include "trace/read.h"

namespace isobatch {

TEST(Matrix, ReferencesOwnSplitIsIdenticalAndOthersEquivalent) {
    Matrix matrix(plant, {});
    EXPECT_EQ(matrix.run(small_trial({4, 1, 1})).verdict.outcome, Outcome::identical);
    EXPECT_EQ(matrix.run(small_trial({1, 2, 2})).verdict.outcome, Outcome::equivalent);
}

TEST(Matrix, NoiseInTheModelIsNotDeterministicRatherThanAVerdict) {
    Trial trial = small_trial({4, 1, 1});
    trial.subject = noisy_case();
    const Record record = Matrix(plant, {}).run(trial);
    EXPECT_EQ(record.verdict.outcome, Outcome::inconclusive);
    EXPECT_TRUE(says(result_of(record.verdict, Check::grad).message, "not deterministic"));
}

TEST(Matrix, RefusesWhatItCannotRun) {
    Matrix matrix(plant, {});
    const auto refusal = [&](auto change) {
        Trial trial = small_trial({4, 1, 1});
        change(trial);
        return error_of([&] { matrix.run(trial); });
    };
    EXPECT_EQ(refusal([](Trial& t) { t.device = "cuda:99"; }).where(), "--device");
    EXPECT_EQ(refusal([](Trial& t) { t.engine = "nccl"; }).where(), "--engine");
    EXPECT_TRUE(says(refusal([](Trial& t) { t.fault = "token-mean-of-mean"; }).next(), "token-mean-of-means"));
    EXPECT_TRUE(says(refusal([](Trial& t) { t.subject = "nothing"; }).problem(), "nothing"));
}

/// The claim of the whole design: what is judged in memory is judged the same from files, byte for byte.
TEST(Matrix, RecordsFromFilesEqualThoseFromMemory) {
    for (const std::string fault :
         {"", "token-mean-of-means", "not-zeroed-after-step", "epoch-tail-dropped", "cut-to-shortest"}) {
        const TemporaryDirectory directory;
        Matrix matrix(plant, {directory.path(), true});
        std::vector<Record> live, read;
        for (const Split& split : splits_of({.effective = 4})) {
            Trial trial = small_trial(split, Recipe::fp32);
            trial.subject = "gpt";  // which has parameters enough to tell units apart
            trial.fault = fault;
            trial.identities = "all";
            live.push_back(matrix.run(trial));
        }
        const std::string reference =
            reference_name(reference_of(live[0].trial, false), fault == "cut-to-shortest") + ".trace";
        Examiner examiner(yardstick_of(read_trace(directory.path() / "traces" / reference)));
        for (const Record& record : live) {
            const Trace candidate = read_trace(directory.path() / record.trace);
            read.push_back(examiner.examine(candidate, "isobatch check " + candidate.manifest.trial));
            read.back().trace = record.trace;
            read.back().cost = record.cost;
        }
        EXPECT_EQ(to_json(assemble("x", live, {}, {})).dump(), to_json(assemble("x", read, {}, {})).dump()) << fault;
    }
}

TEST(Matrix, WhatNoWeightsOfSamplesExplainIsReadFromTheirUnits) {
    Matrix matrix(plant, {});
    std::vector<Record> records;
    for (const Split& split : splits_of({.effective = 4})) {
        Trial trial = small_trial(split);
        trial.subject = "gpt";
        trial.fault = "cut-to-shortest";
        records.push_back(matrix.run(trial));
    }
    const Finding finding = diagnose(records).at(0);
    EXPECT_EQ(finding.causes, std::vector{Cause::cut_to_shortest});
    EXPECT_LT(finding.worst_error, 1e-9);
    EXPECT_TRUE(says(finding.summary, "scored units do not count once")) << finding.summary;
    for (const WeightLine& line : finding.weights) {
        ASSERT_EQ(static_cast<double>(line.units_recovered.size()), line.units);
        ASSERT_EQ(line.units_predicted.size(), line.units_recovered.size());
        for (std::size_t unit = 0; unit < line.units_recovered.size(); ++unit)
            EXPECT_NEAR(line.units_recovered[unit], line.units_predicted[unit], 1e-9);
    }
}

/// A trial that needs them is the same whether another one before it needed them, and so is one that does not.
TEST(Matrix, UnitsAreReadInAnyOrder) {
    const auto run = [](std::initializer_list<const char*> faults) {
        Matrix matrix(plant, {});
        std::map<std::string, std::string> records;
        for (const char* fault : faults) {
            Trial trial = small_trial({2, 2, 1}, Recipe::fp32);
            trial.subject = "gpt";
            trial.fault = fault;
            Record record = matrix.run(trial);
            record.cost = {};
            records[fault] = to_json(record).dump();
        }
        return records;
    };
    EXPECT_EQ(run({"cut-to-shortest", "token-mean-of-means", "n-minus-one@some-parameters"}),
              run({"n-minus-one@some-parameters", "token-mean-of-means", "cut-to-shortest"}));
}

TEST(Matrix, TraceOfATrialDoesNotDependOnWhatRanBefore) {
    const Trial trial = small_trial({1, 2, 2});
    Matrix used(plant, {}), fresh(plant, {});
    Trial other = small_trial({2, 2, 1}, Recipe::fp32);
    other.fault = "zero-grad-in-window";
    used.run(other);
    Record a = used.run(trial), b = fresh.run(trial);
    a.cost = b.cost = {};
    EXPECT_EQ(to_json(a).dump(), to_json(b).dump());
}

TEST(Matrix, KeepsOnlyWhatIsNotEquivalent) {
    const TemporaryDirectory directory;
    Matrix matrix(plant, {directory.path(), false});
    EXPECT_TRUE(matrix.run(small_trial({2, 2, 1})).trace.empty());
    Trial faulty = small_trial({2, 2, 1});
    faulty.fault = "zero-grad-in-window";
    EXPECT_TRUE(std::filesystem::exists(directory.path() / matrix.run(faulty).trace / "manifest.json"));
}

}  // namespace isobatch
