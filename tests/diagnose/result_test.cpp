#include "diagnose/result.h"

#include <algorithm>
#include <random>

#include "tests/base/expect.h"
#include "tests/diagnose/matrix.h"

namespace isobatch {
namespace {

using enum Outcome;
using Causes = std::vector<Cause>;

const Synthetic& matrix() {
    static const Synthetic matrix;
    return matrix;
}

/// A record with an outcome, of a contract that claims everything but bits, in a trial that tests everything.
Record record(const Split& split, Outcome outcome, const std::string& subject = "synthetic") {
    Record record = crashed_record(matrix().trial(split), "repro", "message");
    record.trial.subject = subject;
    record.contract = Contract{};
    record.verdict.outcome = outcome;
    record.verdict.tested.assign(all_claims.begin(), all_claims.end());
    return record;
}

Result assembled(std::vector<Record> records, const std::vector<std::string>& allowed = {}) {
    return assemble("command", std::move(records), allowed, {"note"});
}

std::vector<Split> splits(const Result& result) {
    std::vector<Split> splits;
    for (const Record& one : result.records) splits.push_back(one.trial.split);
    return splits;
}

const ClaimStatus& status(const Result& result, Claim claim) {
    for (const ClaimStatus& one : result.claims)
        if (one.claim == claim) return one;
    throw std::logic_error(to_string(claim));
}

TEST(Assemble, TheOutcomeIsTheWorstAndGivesTheExitCode) {
    const Outcome outcomes[] = {identical, equivalent, inconclusive, divergent, out_of_memory, crashed};
    for (const Outcome first : outcomes) {
        for (const Outcome second : outcomes) {
            const Result result = assembled({record({4, 4, 1}, first), record({8, 2, 1}, second)});
            EXPECT_EQ(result.outcome, worst(first, second));
            EXPECT_EQ(result.exit_code, exit_code(worst(first, second)));
            EXPECT_EQ(assembled({record({4, 4, 1}, first), record({4, 4, 1}, second)}).outcome,
                      worst(first, second));  // one trial twice
        }
    }
}

TEST(Assemble, TheSummarySaysWhatHappened) {
    const auto summary = [](const std::vector<Outcome>& outcomes) {
        std::vector<Record> records;
        for (const Outcome outcome : outcomes) records.push_back(record(all_splits()[records.size()], outcome));
        return assembled(records).summary;
    };
    EXPECT_EQ(summary({}), "No trial was run.");
    EXPECT_EQ(summary({equivalent}), "The split trains like the single large batch.");
    EXPECT_EQ(summary({identical, equivalent}), "All 2 splits train like the single large batch.");
    EXPECT_EQ(summary({equivalent, inconclusive, inconclusive}), "2 of 3 splits could not be decided.");
    EXPECT_EQ(summary({equivalent, divergent}),
              "1 of 2 splits trains differently from the single large batch: unknown.");
    EXPECT_EQ(summary({divergent, divergent, inconclusive}),
              "2 of 3 splits train differently from the single large batch: unknown.");
    EXPECT_EQ(summary({crashed, equivalent}), "1 of 2 splits crashed.");
    EXPECT_EQ(summary({crashed, divergent, equivalent}),
              "1 of 3 splits crashed, and 1 of 3 splits trains differently from the single large batch: unknown.");
    EXPECT_TRUE(says(summary({crashed}), "1 of 1 split crashed"));
    EXPECT_EQ(summary({out_of_memory, equivalent}), "1 of 2 splits ran out of memory.");
    EXPECT_TRUE(says(summary({crashed, out_of_memory, divergent}),
                     "1 of 3 splits crashed, and 1 of 3 splits ran out of memory, and 1 of 3 splits trains"));
}

TEST(Assemble, NothingRunIsNoPass) {
    EXPECT_EQ(assembled({}).outcome, inconclusive);
    EXPECT_EQ(assembled({}).exit_code, 4);
}

TEST(Assemble, AClaimThatNoTrialTestedIsInconclusive) {
    std::vector<Record> records{record({4, 4, 1}, equivalent), record({16, 1, 1}, identical)};
    records[0].verdict.tested = {Claim::scale, Claim::tail};
    records[1].verdict.tested = {Claim::tail, Claim::schedule};
    const Result result = assembled(records);
    EXPECT_EQ(result.outcome, inconclusive);
    EXPECT_EQ(result.exit_code, 4);
    EXPECT_EQ(result.summary, "2 splits agree, but nothing here could have shown a fault of: weighting, state.");
    EXPECT_EQ(status(result, Claim::tail).tested_by, 2);
    EXPECT_EQ(status(result, Claim::scale).tested_by, 1);
    EXPECT_EQ(status(result, Claim::weighting).tested_by, 0);
    EXPECT_EQ(status(result, Claim::weighting).subject, "synthetic");
    const Json json = to_json(result)["claims"];
    EXPECT_EQ(json[1]["claim"], "weighting");
    EXPECT_EQ(json[1]["how_to_test"], how_to_test(Claim::weighting));
    EXPECT_EQ(json[0]["how_to_test"], "");

    EXPECT_EQ(assembled(records, {"weighting"}).outcome, inconclusive);
    const Result allowed = assembled(records, {"state", "weighting"});
    EXPECT_EQ(allowed.outcome, equivalent);
    EXPECT_EQ(allowed.exit_code, 0);
    EXPECT_TRUE(status(allowed, Claim::weighting).allowed);
    EXPECT_FALSE(status(allowed, Claim::scale).allowed);
    EXPECT_EQ(allowed.summary, "All 2 splits train like the single large batch.");
}

TEST(Assemble, WhatIsWorseThanUntestedStaysWorse) {
    for (const Outcome outcome : {divergent, crashed}) {
        std::vector<Record> records{record({4, 4, 1}, outcome)};
        records[0].verdict.tested.clear();
        EXPECT_EQ(assembled(records).outcome, outcome);
    }
}

TEST(Assemble, OnlyWhatTheContractClaimsIsListed) {
    std::vector<Record> records{record({4, 4, 1}, equivalent)};
    records[0].verdict.tested = {Claim::scale, Claim::state};
    records[0].contract = Contract{.weighting = Weighting::sample_mean, .keeps_tail = false, .schedule_varies = false};
    EXPECT_EQ(assembled(records).claims.size(), 2u);
    EXPECT_EQ(assembled(records).outcome, equivalent);
    records[0].contract.reset();
    EXPECT_TRUE(assembled(records).claims.empty());
    // A crashed trial has no contract, but the others of its matrix speak for it.
    records.push_back(record({8, 2, 1}, equivalent));
    EXPECT_EQ(assembled(records).claims.size(), all_claims.size() - 3);
}

TEST(Assemble, MatricesAreDiagnosedAndClaimedApart) {
    const Synthetic other({.seed = 9});
    std::vector<Record> first = records_of(matrix(), {{4, 4, 1}, {2, 2, 4}}, loop_with(Cause::missing_accum_division));
    std::vector<Record> second = records_of(other, {{4, 4, 1}, {2, 2, 4}}, loop_with(Cause::zero_grad_in_window));
    const std::vector<Record> third = records_of(Synthetic({.seed = 3}), {{4, 4, 1}});
    const Result alone = assembled(first), other_alone = assembled(second);
    std::vector<Record> mixed{second[1], first[0], third[0], second[0], first[1]};
    const Result together = assembled(mixed);
    ASSERT_EQ(together.findings.size(), 2u);
    EXPECT_EQ(together.findings[0].causes, Causes{Cause::missing_accum_division});
    EXPECT_EQ(to_json(together.findings[0]), to_json(alone.findings.at(0)));
    EXPECT_EQ(to_json(together.findings[1]), to_json(other_alone.findings.at(0)));
    EXPECT_EQ(together.claims.size(), 3 * (all_claims.size() - 3));
    EXPECT_TRUE(says(
        together.summary,
        "4 of 5 splits train differently from the single large batch: missing-accum-division, zero-grad-in-window."));
}

TEST(Assemble, DifferentEffectiveBatchesAreNeverCalledAlike) {
    const Record large = record({4, 4, 1}, equivalent), small = record({4, 2, 1}, equivalent);
    EXPECT_EQ(assembled({large, record({8, 2, 1}, equivalent)}).summary,
              "All 2 splits train like the single large batch.");
    EXPECT_EQ(assembled({large, small}).summary,
              "All 2 splits train like the single large batch of their own size (trainings with 8 and 16 samples an "
              "update are not compared).");
    EXPECT_EQ(matrices_of(assembled({large, small}).records).size(), 2u);
}

TEST(Assemble, APlantedFaultThatShowsNowhereIsNoPass) {
    std::vector<Record> records{record({4, 4, 1}, equivalent), record({16, 1, 1}, identical)};
    for (Record& one : records) one.trial.fault = "zero-grad-in-window";
    EXPECT_EQ(assembled(records).outcome, inconclusive);
    EXPECT_EQ(assembled(records).summary,
              "2 splits agree, but nothing here could have shown a fault of: the planted zero-grad-in-window.");
    records[0].verdict.outcome = Outcome::divergent;
    EXPECT_EQ(assembled(records).outcome, Outcome::divergent);
    for (Record& one : records) one.trial.fault = "no-sync-around-backward";  // no check sees it
    records[0].verdict.outcome = equivalent;
    EXPECT_EQ(assembled(records).outcome, equivalent);
}

TEST(Assemble, SaysThatOnlyRoundingsDifferWhereEverySplitHoldsStrictly) {
    std::vector<Record> records{record({4, 4, 1}, equivalent), record({2, 8, 1}, equivalent),
                                record({16, 1, 1}, identical)};
    const auto said = [&] { return says(assembled(records).summary, "the order of roundings, and nothing else"); };
    EXPECT_FALSE(said());
    for (Record& one : records) one.verdict.checks.push_back({.check = Check::identity});
    records[0].verdict.identities = {{Identity::strict, 3, 0, ""}};
    EXPECT_FALSE(said()) << "one of them was not tried";
    records[1].verdict.identities = {{Identity::scale, 3, 0, ""}, {Identity::strict, 3, 0, ""}};
    EXPECT_TRUE(said());
    records[1].verdict.identities[1].windows = 0;
    EXPECT_FALSE(said());
    records[1].verdict.identities[1].windows = 3;
    records[1].verdict.checks.back().outcome = inconclusive;
    EXPECT_FALSE(said()) << "not deterministic";
    records[1].verdict.checks.back().outcome = identical;
    for (Record& one : records) one.verdict.outcome = identical;
    EXPECT_FALSE(said()) << "nothing differs";
}

TEST(Assemble, AClaimUntestedInOneMatrixIsUntested) {
    std::vector<Record> records{record({4, 4, 1}, equivalent), record({4, 4, 1}, equivalent, "other")};
    EXPECT_EQ(assembled(records).outcome, equivalent);
    records[1].verdict.tested = {Claim::scale};
    EXPECT_EQ(assembled(records).outcome, inconclusive);
    records[0].verdict.tested = {Claim::scale};
    EXPECT_TRUE(says(assembled(records).summary, "a fault of: weighting, tail, schedule, state."));  // each named once
}

TEST(Assemble, OfTrialsThatWereDrawnACaseHasToTestItsClaimsOnce) {
    std::vector<Record> records{record({4, 4, 1}, equivalent), record({4, 4, 1}, equivalent),
                                record({4, 4, 1}, equivalent, "other")};
    records[1].trial.recipe = Recipe::fp32;
    records[1].verdict.tested = {Claim::scale};
    const auto outcome = [&](const std::string& command) { return assemble(command, records, {}, {}).outcome; };
    EXPECT_EQ(outcome("isobatch check gpt other"), inconclusive);
    EXPECT_EQ(outcome("isobatch check gpt other --cover 2"), equivalent);
    records[2].verdict.tested = {Claim::scale};
    EXPECT_EQ(outcome("isobatch check gpt other --cover 2"), inconclusive)
        << "another case's trials test nothing of it";
}

TEST(Assemble, OneCauseInTwoMatricesIsToldOnce) {
    std::vector<Record> records = records_of(matrix(), {{4, 4, 1}}, loop_with(Cause::zero_grad_in_window));
    records.push_back(records_of(Synthetic({.seed = 2}), {{4, 4, 1}}, loop_with(Cause::zero_grad_in_window)).at(0));
    const Result result = assembled(records);
    EXPECT_EQ(result.findings.size(), 2u);
    EXPECT_TRUE(result.summary.ends_with("batch: zero-grad-in-window.")) << result.summary;
}

TEST(Assemble, TheOrderOfTheRecordsDoesNotMatter) {
    for (const Cause cause : known_causes()) {
        std::vector<Record> records = records_of(matrix(), cause);
        const std::string expected = to_json(assembled(records)).dump();
        EXPECT_EQ(splits(assembled(records)), all_splits());
        std::mt19937 random(1);
        for (int round = 0; round < 5; ++round) {
            std::shuffle(records.begin(), records.end(), random);
            EXPECT_EQ(to_json(assembled(records)).dump(), expected) << to_string(cause);
        }
    }
}

TEST(Result, ReadsBackFromItsJson) {
    std::vector<Record> records = records_of(matrix(), Cause::token_mean_of_means);
    records.push_back(crashed_record(matrix().trial({1, 1, 16}), "repro", "signal 9"));
    records.push_back(record({4, 4, 1}, inconclusive, "other"));
    for (const auto& allowed : {std::vector<std::string>{}, {"tail"}, {"tail", "scale"}}) {
        const Result result = assembled(records, allowed);
        const Json json = to_json(result);
        EXPECT_EQ(to_json(result_from_json(parse_json(json.dump(), "file"), "file")).dump(), json.dump());
        EXPECT_EQ(json["schema"], "isobatch-result/1");
        EXPECT_EQ(json["command"], "command");
        EXPECT_EQ(json["exit_code"], 3);
        EXPECT_EQ(json["outcome"], "crashed");
        EXPECT_EQ(json["notes"], Json({"note"}));
        EXPECT_EQ(json["records"].size(), 17u);
        EXPECT_EQ(json["findings"].size(), 1u);
    }
}

TEST(Result, WithoutTimesTwoRunsAreByteForByteEqual) {
    std::vector<Record> records = records_of(matrix(), {{4, 4, 1}, {2, 2, 4}});
    const std::string before = to_json(assembled(records), false).dump();
    records[0].cost = {99, 1};
    EXPECT_EQ(to_json(assembled(records), false).dump(), before);
    EXPECT_NE(to_json(assembled(records)).dump(), before);
    EXPECT_FALSE(to_json(assembled(records), false)["records"][0].contains("cost"));
}

TEST(Result, AnAnswerThatTheRecordsDoNotGiveIsIgnored) {
    Json json = to_json(assembled({record({4, 4, 1}, divergent)}));
    json["outcome"] = "identical";
    json["exit_code"] = 0;
    json["summary"] = "All is well.";
    json["findings"] = Json::array();
    json["claims"] = Json::array();
    const Result read = result_from_json(json, "file");
    EXPECT_EQ(read.outcome, divergent);
    EXPECT_EQ(read.exit_code, 1);
    EXPECT_EQ(read.findings.size(), 1u);
    EXPECT_EQ(read.claims.size(), all_claims.size() - 3);
}

TEST(Result, AnotherSchemaIsAnError) {
    Json json = to_json(assembled({}));
    json["schema"] = "isobatch-result/2";
    const Error error = error_of([&] { result_from_json(json, "file"); });
    EXPECT_TRUE(says(error.what(), "isobatch-result/2"));
    EXPECT_EQ(error.where(), "file");
}

}  // namespace
}  // namespace isobatch
