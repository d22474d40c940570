#include "run/matrix.h"

#include <gtest/gtest.h>

#include "../base/expect.h"
#include "../base/temporary_directory.h"
#include "cases/faults/faults.h"
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
    for (const std::string fault : {"", "token-mean-of-means", "not-zeroed-after-step", "epoch-tail-dropped"}) {
        const TemporaryDirectory directory;
        Matrix matrix(plant, {directory.path(), true});
        std::vector<Record> live, read;
        for (const Split& split : splits_of({.effective = 4})) {
            Trial trial = small_trial(split, Recipe::fp32);
            trial.fault = fault;
            trial.identities = "all";
            live.push_back(matrix.run(trial));
        }
        const std::string reference = "reference-" + file_name(reference_of(live[0].trial, false)) + ".trace";
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
