#include <algorithm>

#include "base/seed.h"
#include "reports/run_directory.h"
#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"
#include "tests/reports/folder.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<fs::path>;

/// A run with these of the small records, as one shard or machine leaves it.
fs::path run_of(const fs::path& directory, const std::string& command, const std::vector<std::size_t>& picked,
                double step_ms = 12.5, const std::vector<std::string>& allowed = {"schedule", "tail", "state"}) {
    std::vector<Record> records;
    for (const std::size_t i : picked) {
        records.push_back(small_records()[i]);
        records.back().cost.step_ms_median = step_ms;
        if (picked.size() == 1) records.back().trial.fault.clear();  // one that shows nowhere would be no evidence
    }
    write_reports(directory, assemble(command, records, allowed, {"reference: 4x1x1", "note of " + command}));
    return directory;
}

/// The text as it would be written, so that nan compares.
std::string text_of(const Result& result) {
    return to_json(result).dump(1);
}

class ReadRuns : public testing::Test {
protected:
    fs::path place(const std::string& name) const {
        fs::create_directories(directory_ / name);
        return directory_ / name;
    }
    TemporaryDirectory directory_;
};

TEST_F(ReadRuns, RunsOfSeveralVersionsAreRefused) {
    const Paths runs{run_of(place("a"), "a", {0, 1}), run_of(place("b"), "b", {2, 3})};
    put(runs[0] / "run.json", R"({"version": "1.0"})");
    put(runs[1] / "run.json", R"({"version": "1.1"})");
    const Error error = error_of([&] { read_runs(runs); });
    EXPECT_TRUE(says(error.problem(), "1.0") && says(error.problem(), "1.1"));
    put(runs[1] / "run.json", R"({"version": "1.0"})");
    EXPECT_EQ(read_runs(runs).records.size(), 4u);
    for (const char* broken : {"", "{}", "[]", R"({"version": 1})"}) {
        put(runs[1] / "run.json", broken);
        EXPECT_THROW(read_runs(runs), Error) << broken;
    }
}

TEST_F(ReadRuns, ReadsBackWhatWasWritten) {
    write_reports(place("a"), small_result());
    EXPECT_EQ(text_of(read_runs({place("a")})), text_of(small_result()));
}

TEST_F(ReadRuns, MergesShardsIntoTheMatrix) {
    const Result whole = assemble("c", small_records(), {"schedule", "tail", "state"}, {});
    const Result merged = read_runs({run_of(place("a"), "c", {0, 2, 4}), run_of(place("b"), "c", {1, 3, 5})});
    Json expected = to_json(whole), found = to_json(merged);
    for (Json* json : {&expected, &found})
        for (Json& record : json->at("records")) record.erase("cost");
    EXPECT_EQ(found.at("records"), expected.at("records"));
    EXPECT_EQ(found.at("claims"), expected.at("claims"));
    EXPECT_EQ(found.at("findings"), expected.at("findings"));
    EXPECT_EQ(found.at("summary"), expected.at("summary"));
    EXPECT_EQ(found.at("exit_code"), 3);
    EXPECT_EQ(merged.command, "c");
    EXPECT_EQ(merged.notes, (std::vector<std::string>{"reference: 4x1x1", "note of c"}));
}

TEST_F(ReadRuns, TheirOrderMeansNothing) {
    // Four overlapping runs, two of them of one command, with times and notes of their own.
    Paths runs{run_of(place("a"), "third", {0, 1, 2}, 1), run_of(place("b"), "first", {1, 2, 3}, 2),
               run_of(place("c"), "second", {4, 0}, 3), run_of(place("d"), "second", {4, 5}, 4)};
    std::sort(runs.begin(), runs.end());
    const std::string expected = text_of(read_runs(runs));
    int orders = 0;
    do {
        EXPECT_EQ(text_of(read_runs(runs)), expected);
        ++orders;
    } while (std::next_permutation(runs.begin(), runs.end()));
    EXPECT_EQ(orders, 24);
    const Result result = read_runs(runs);
    EXPECT_EQ(result.command, "first ; second ; third");
    EXPECT_EQ(result.notes,
              (std::vector<std::string>{"reference: 4x1x1", "note of first", "note of second", "note of third"}));
}

TEST_F(ReadRuns, WhatSeveralHoldCountsOnce) {
    const fs::path a = run_of(place("a"), "c", {0, 1, 2, 3, 4, 5}), b = run_of(place("b"), "c", {0, 1, 2, 3, 4, 5}, 99);
    EXPECT_EQ(text_of(read_runs({a, a})), text_of(read_runs({a})));
    const Result both = read_runs({a, b});
    EXPECT_EQ(both.records.size(), 6u);
    EXPECT_EQ(both.summary, read_runs({a}).summary);
    EXPECT_EQ(both.claims[0].tested_by, 4);
}

TEST_F(ReadRuns, DifferentRecordsOfOneTrialAreAnError) {
    const fs::path a = run_of(place("a"), "c", {0, 1});
    const auto changes = std::vector<void (*)(Record&)>{
        [](Record& r) { r.verdict.outcome = Outcome::equivalent; }, [](Record& r) { r.verdict.margin += 1e-12; },
        [](Record& r) { r.evidence.missing = {1}; }, [](Record& r) { r.repro += " "; },
        [](Record& r) { r.contract->keeps_tail = false; }};
    for (const auto change : changes) {
        Record record = small_records()[0];
        change(record);
        write_reports(place("b"), assemble("c", {record}, {}, {}));
        for (const Paths& runs : {Paths{a, place("b")}, Paths{place("b"), a}}) {
            const Error error = error_of([&] { read_runs(runs); });
            EXPECT_TRUE(says(error.problem(), "different records of one trial"));
            EXPECT_TRUE(says(error.where(), "result.json: gpt --splits 4x1x1"));
            EXPECT_EQ(error.exit_code(), 2);
        }
    }
}

TEST_F(ReadRuns, TimesAndPlacesMayDiffer) {
    Record record = small_records()[0];
    record.cost = {1, 2};
    record.trace = "traces/elsewhere.trace";
    write_reports(place("b"), assemble("c", {record}, {}, {}));
    EXPECT_EQ(read_runs({run_of(place("a"), "c", {0, 1}), place("b")}).records.size(), 2u);
}

TEST_F(ReadRuns, OneRunsLeaveToStayUntestedDoesNotCoverAnother) {
    const auto outcome = [&](const Paths& runs) { return read_runs(runs).outcome; };
    const fs::path allowed = run_of(place("a"), "a", {0}), open = run_of(place("b"), "b", {3}, 1, {"schedule", "tail"});
    EXPECT_EQ(outcome({allowed}), Outcome::identical);
    EXPECT_EQ(outcome({open}), Outcome::inconclusive);
    EXPECT_EQ(outcome({allowed, open}), Outcome::inconclusive);
    EXPECT_EQ(outcome({open, allowed}), Outcome::inconclusive);
    const fs::path agreed = run_of(place("c"), "c", {3}, 1);
    EXPECT_EQ(outcome({allowed, agreed}), Outcome::equivalent);
}

TEST_F(ReadRuns, ATestedClaimNeedsNoLeave) {
    Record record = small_records()[0];
    record.verdict.tested = {all_claims.begin(), all_claims.end()};
    record.trial.fault.clear();
    write_reports(place("b"), assemble("b", {record}, {}, {}));
    EXPECT_EQ(read_runs({run_of(place("a"), "a", {3}), place("b")}).outcome, Outcome::equivalent);
}

TEST_F(ReadRuns, NoResultIsAnUnfinishedRun) {
    put(place("interrupted") / "run.json", "{}");
    for (const char* name : {"empty", "interrupted"})
        for (const Paths& runs : {Paths{place(name)}, Paths{run_of(place("a"), "c", {0}), place(name)}}) {
            const Error error = error_of([&] { read_runs(runs); });
            EXPECT_EQ(error.exit_code(), 3);
            EXPECT_EQ(error.where(), (place(name) / "result.json").string());
            EXPECT_TRUE(says(error.problem(), "no result"));
        }
    EXPECT_EQ(error_of([&] { read_runs({directory_ / "nowhere"}); }).exit_code(), 3);
}

TEST_F(ReadRuns, ADamagedResultIsUnreadableInput) {
    const std::string good = get(run_of(place("a"), "c", {0, 1}) / "result.json");
    const auto error_for = [&](const std::string& text) {
        put(place("b") / "result.json", text);
        const Error error = error_of([&] { read_runs({place("b")}); });
        EXPECT_EQ(error.exit_code(), 2);
        EXPECT_TRUE(says(error.where(), (place("b") / "result.json").string()));
        return error;
    };
    for (const char* text : {"", "{", "[]", "{}", "null", "3", "\xff"}) error_for(text);
    error_for(good.substr(0, good.size() / 2));
    const auto changed = [&](const std::string& from, const std::string& to) {
        std::string text = good;
        EXPECT_NE(text.find(from), std::string::npos) << from;
        return text.replace(text.find(from), from.size(), to);
    };
    EXPECT_TRUE(says(error_for(changed("isobatch-result/1", "isobatch-result/2")).problem(),
                     "expected schema isobatch-result/1, found \"isobatch-result/2\""));
    EXPECT_TRUE(
        says(error_for(changed("\"outcome\":\"identical\"", "\"outcome\":\"perfect\"")).problem(), "unknown outcome"));
    EXPECT_TRUE(says(error_for(changed("\"schema\"", "\"shema\"")).problem(), "malformed"));
}

TEST_F(ReadRuns, ListsThatDoNotBelongTogetherAreNotReadBeyondTheirEnds) {
    const Json good = Json::parse(get(run_of(place("a"), "c", {0, 1}) / "result.json"));
    const auto changes = std::vector<void (*)(Json&)>{
        [](Json& window) { window["samples"].push_back("sample-4"); },
        [](Json& window) { window["sample_units"].erase(0); },
        [](Json& window) { window["micro_of"].push_back(0); },
        [](Json& window) { window["micro_of"][0] = 2; },
        [](Json& window) { window["micros"].erase(1); },
        [](Json& window) { window["recovered"][0]["weights"].erase(0); },
        [](Json& window) { window["recovered"][0]["ranks"] = Json::array(); },
    };
    for (const auto change : changes) {
        Json json = good;
        change(json.at("records").at(1).at("evidence").at("windows").at(0));
        put(place("b") / "result.json", json.dump());
        const Error error = error_of([&] { read_runs({place("b")}); });
        EXPECT_TRUE(says(error.problem(), "the evidence of step 1 does not fit"));
        EXPECT_TRUE(says(error.where(), (place("b") / "result.json").string()));
    }
}

TEST_F(ReadRuns, NoFlippedByteAndNoCutIsEverMoreThanAnError) {
    const std::string good = get(run_of(place("a"), "c", {0, 1, 2, 3, 4, 5}) / "result.json");
    Random random(Seed{7}.split("damage"));
    int refused = 0;
    for (int trial = 0; trial < 600; ++trial) {
        std::string text = good;
        if (trial % 4 == 0)
            text.resize(random.below(text.size()));
        else
            text[random.below(text.size())] = static_cast<char>(random.below(128));
        put(place("b") / "result.json", text);
        try {
            write_reports(place("c"), read_runs({place("b")}));
        } catch (const Error& error) {
            EXPECT_NE(error.exit_code(), 0);
            ++refused;
        }
    }
    EXPECT_GT(refused, 150);
}

TEST_F(ReadRuns, NoDirectoryIsNoTrial) {
    EXPECT_EQ(read_runs({}).exit_code, 4);
}

}  // namespace
}  // namespace isobatch
