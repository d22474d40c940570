#include "diagnose/examine.h"

#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"
#include "tests/diagnose/matrix.h"
#include "tests/judge/edit.h"
#include "trace/read.h"
#include "trace/sink.h"

namespace isobatch {
namespace {

const Synthetic& matrix() {
    static const Synthetic matrix;
    return matrix;
}

TEST(Examine, AnEquivalentTrialIsNotDecoded) {
    Examiner examiner(yardstick_of(matrix().reference()));
    const Record record = examiner.examine(matrix().candidate({4, 2, 2}), "again");
    EXPECT_EQ(record.verdict.outcome, Outcome::equivalent);
    EXPECT_EQ(record.trial, matrix().trial({4, 2, 2}));
    EXPECT_EQ(record.repro, "again");
    EXPECT_EQ(record.contract, Contract{});
    EXPECT_EQ(record.trace, "");
    EXPECT_EQ(record.cost.step_ms_median, 2);
    EXPECT_EQ(record.evidence.windows.size(), 5u);
    for (const WindowEvidence& window : record.evidence.windows) EXPECT_TRUE(window.recovered.empty());
}

TEST(Examine, WhatIsNotEquivalentIsDecoded) {
    Examiner examiner(yardstick_of(matrix().reference()));
    for (const double error : {1.0, 1e-12}) {  // divergent and suspect
        Trace candidate = matrix().candidate({4, 2, 2});
        misweigh(candidate.ranks[0][0], matrix().reference().ranks[0][0], 0, error);
        const Record record = examiner.examine(candidate, "");
        EXPECT_GT(record.verdict.outcome, Outcome::equivalent) << error;
        EXPECT_EQ(record.evidence.windows.at(0).recovered.size(), 2u) << error;
    }
}

TEST(Examine, ACrashHasNoEvidence) {
    Examiner examiner(yardstick_of(matrix().reference()));
    Trace candidate = matrix().candidate({4, 2, 2});
    candidate.manifest.ended = {.complete = false, .rank = 1, .step = 2, .message = "signal 9"};
    const Record record = examiner.examine(candidate, "again");
    EXPECT_EQ(record.verdict.outcome, Outcome::crashed);
    EXPECT_EQ(record.repro, "again");
    EXPECT_TRUE(record.evidence.windows.empty());
    EXPECT_TRUE(record.evidence.missing.empty());
}

TEST(Examine, ATraceFromFilesGivesTheSameRecord) {
    const TemporaryDirectory directory;
    write_trace(matrix().reference(), directory / "reference");
    Examiner from_memory(yardstick_of(matrix().reference())),
        from_files(yardstick_of(read_trace(directory / "reference")));
    EXPECT_EQ(from_files.yardstick().digest, from_memory.yardstick().digest);
    for (const Cause cause : all_causes) {
        const Trace candidate = matrix().candidate({4, 2, 2}, loop_with(cause));
        write_trace(candidate, directory / to_string(cause));
        const Json expected = to_json(from_memory.examine(candidate, "repro"));
        EXPECT_EQ(to_json(from_files.examine(read_trace(directory / to_string(cause)), "repro")).dump(),
                  expected.dump());
    }
}

TEST(Examine, UnitsAreWantedWhereNothingElseExplainsAGradient) {
    Examiner examiner(yardstick_of(matrix().reference()));
    const auto wants = [&](const Trace& candidate) { return wants_units(examiner.examine(candidate, "")); };
    EXPECT_FALSE(wants(matrix().candidate({4, 2, 2})));
    EXPECT_FALSE(wants(matrix().candidate({4, 2, 2}, loop_with(Cause::token_mean_of_means))));
    const auto edited = [&](const std::function<double(std::size_t, double)>& change) {
        Trace candidate = matrix().candidate({4, 4, 1});
        for (const char* name : {"grad/weight", "grad/bias", "grad/key"}) edit(candidate.ranks[0][1], name, change);
        return candidate;
    };
    EXPECT_TRUE(wants(edited([](std::size_t j, double g) { return j % 3 == 1 ? g + 1 : g; })));
    EXPECT_FALSE(wants(edited([](std::size_t, double) { return std::nan(""); })));
    Record rounded = examiner.examine(edited([](std::size_t j, double g) { return j % 3 == 1 ? g + 1 : g; }), "");
    rounded.evidence.narrow = 1;
    EXPECT_FALSE(wants_units(rounded)) << "their bits explain it";
}

TEST(Examine, AnotherMatrixIsAnError) {
    Examiner examiner(yardstick_of(matrix().reference()));
    const Synthetic other({.seed = 2});
    EXPECT_TRUE(says(error_of([&] { examiner.examine(other.candidate({4, 2, 2}), ""); }).what(), "the trace follows"));
}

}  // namespace
}  // namespace isobatch
