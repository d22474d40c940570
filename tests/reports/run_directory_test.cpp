#include "reports/run_directory.h"

#include "reports/costs.h"
#include "reports/html/page.h"
#include "reports/junit.h"
#include "tests/base/expect.h"
#include "tests/base/temporary_directory.h"
#include "tests/reports/folder.h"
#include "tests/reports/hostile.h"

namespace isobatch {
namespace {

namespace fs = std::filesystem;

const Json run_json{{"schema", "isobatch-run/1"}, {"command", "isobatch check"}};

TEST(StartRun, MakesTheDirectoryAndItsParents) {
    const TemporaryDirectory directory;
    start_run(directory / "a/b", run_json);
    const auto files = contents(directory / "a/b");
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(Json::parse(files.at("run.json")), run_json);
    EXPECT_TRUE(fs::is_directory(directory / "a/b/trials"));
}

TEST(StartRun, TakesAnEmptyDirectory) {
    const TemporaryDirectory directory;
    start_run(directory.path(), run_json);
    EXPECT_TRUE(fs::exists(directory / "run.json"));
}

TEST(StartRun, ClearsWhatAnEarlierRunLeftAndNothingElse) {
    const TemporaryDirectory directory;
    start_run(directory.path(), run_json);
    keep_record(directory.path(), small_records()[0]);
    write_reports(directory.path(), small_result());
    put(directory / "traces/x.trace/manifest.json", "{}");
    put(directory / "trials/folder/x", "");
    put(directory / "logs/4x1x1.log", "kept");
    put(directory / "notes.txt", "kept");
    start_run(directory.path(), {{"schema", "isobatch-run/1"}, {"command", "another"}});
    auto files = contents(directory.path());
    EXPECT_EQ(Json::parse(files.at("run.json")).at("command"), "another");
    files.erase("run.json");
    EXPECT_EQ(files,
              (std::map<std::string, std::string>{
                  {"logs", "(no file)"}, {"logs/4x1x1.log", "kept"}, {"notes.txt", "kept"}, {"trials", "(no file)"}}));
}

TEST(ResumeRun, ReturnsWhatWasFinishedAndClearsOnlyTheReports) {
    const TemporaryDirectory directory;
    start_run(directory.path(), run_json);
    const Record done = small_records()[0];
    const Record crashed = crashed_record(parse_trial("mlp --splits 1x2x1"), "", "died");
    keep_record(directory.path(), done);
    keep_record(directory.path(), crashed);
    keep_record(directory.path(), out_of_memory_record(parse_trial("mlp --splits 2x1x1"), "", "too large"));
    write_reports(directory.path(), small_result());
    put(directory / "traces/x.trace/manifest.json", "{}");
    put(directory / "trials/half.json.tmp", "{");
    const std::vector<Record> records = resume_run(directory.path(), run_json);
    ASSERT_EQ(records.size(), 1u);  // what came to no answer is tried again
    EXPECT_EQ(to_json(records[0]), to_json(done));
    EXPECT_TRUE(fs::exists(directory / "traces/x.trace/manifest.json"));
    for (const char* report : {"result.json", "index.html", "junit.xml"}) EXPECT_FALSE(fs::exists(directory / report));
}

TEST(ResumeRun, BeginsWhereNothingIs) {
    const TemporaryDirectory directory;
    EXPECT_TRUE(resume_run(directory / "new", run_json).empty());
    EXPECT_TRUE(fs::exists(directory / "new/run.json"));
}

TEST(ResumeRun, RefusesAnotherRunAndADamagedTrial) {
    const TemporaryDirectory directory;
    start_run(directory.path(), run_json);
    keep_record(directory.path(), small_records()[0]);
    const auto before = contents(directory.path());
    const Json other{{"schema", "isobatch-run/1"}, {"command", "another"}};
    EXPECT_TRUE(says(error_of([&] { resume_run(directory.path(), other); }).problem(), "another run"));
    EXPECT_EQ(contents(directory.path()), before);
    put(directory / "trials/x.json", "{\"trial\": 1}");
    EXPECT_TRUE(says(error_of([&] { resume_run(directory.path(), run_json); }).where(), "x.json"));
}

TEST(StartRun, RefusesADirectoryOfSomethingElseAndDeletesNothingInIt) {
    // Other programs, too, keep a run.json, a result.json or a folder of traces.
    for (const char* other :
         {"", "{}", "[]", "\"isobatch-run/1\"", "not json", "{\"schema\": 1}", "{\"schema\": \"wandb/2\"}",
          "{\"schema\": \"my isobatch-run/1\"}", "{\"schema\": null}", "{\"isobatch-run/1\": \"schema\"}"}) {
        const TemporaryDirectory directory;
        put(directory / "run.json", other);
        for (const char* name : {"result.json", "index.html", "junit.xml", "trials/1.json", "traces/x", "thesis.tex"})
            put(directory / name, "precious");
        const auto before = contents(directory.path());
        const Error error = error_of([&] { start_run(directory.path(), run_json); });
        EXPECT_EQ(error.exit_code(), 2);
        EXPECT_EQ(error.where(), directory.path().string());
        EXPECT_TRUE(says(error.problem(), "something else than a run"));
        EXPECT_TRUE(says(error.next(), "--out"));
        EXPECT_EQ(contents(directory.path()), before) << other;
    }
}

TEST(StartRun, RefusesADirectoryThatOnlyLooksLikeARun) {
    const TemporaryDirectory directory;
    put(directory / "trials/1.json", "precious");
    EXPECT_THROW(start_run(directory.path(), run_json), Error);
    EXPECT_EQ(get(directory / "trials/1.json"), "precious");
}

TEST(StartRun, AFileIsNoDirectory) {
    const TemporaryDirectory directory;
    for (const char* text : {"", "precious"}) {
        put(directory / "file", text);
        EXPECT_THROW(start_run(directory / "file", run_json), Error);
        EXPECT_THROW(start_run(directory.path() / "file" / "run", run_json), Error);
        EXPECT_EQ(get(directory / "file"), text);
    }
}

TEST(StartRun, FollowsNoLink) {
    const TemporaryDirectory directory;
    put(directory / "elsewhere/precious.trace/manifest.json", "precious");
    start_run(directory / "run", run_json);
    fs::remove(directory / "run/trials");
    for (const char* name : {"trials", "traces"})
        fs::create_directory_symlink(directory / "elsewhere", directory.path() / "run" / name);
    start_run(directory / "run", run_json);
    EXPECT_EQ(get(directory / "elsewhere/precious.trace/manifest.json"), "precious");
    EXPECT_FALSE(fs::exists(directory / "run/traces"));
    EXPECT_FALSE(fs::is_symlink(directory / "run/trials"));
}

TEST(KeepRecord, WritesOneFileATrial) {
    const TemporaryDirectory directory;
    start_run(directory.path(), run_json);
    for (const Record& record : small_records()) {
        keep_record(directory.path(), record);
        EXPECT_EQ(Json::parse(get(directory.path() / "trials" / (file_name(record.trial) + ".json"))), to_json(record));
    }
    EXPECT_EQ(contents(directory / "trials").size(), 6u);  // and no half-written one beside them
}

TEST(KeepRecord, AReaderOfTheOldFileKeepsTheOldFile) {
    const TemporaryDirectory directory;
    start_run(directory.path(), run_json);
    Record record = small_records()[0];
    keep_record(directory.path(), record);
    const fs::path file = directory.path() / "trials" / (file_name(record.trial) + ".json");
    const std::string before = get(file);
    fs::create_hard_link(file, directory / "old");
    record.repro = "another";
    keep_record(directory.path(), record);
    EXPECT_EQ(get(directory / "old"), before);  // replaced by a rename, not written over
    EXPECT_EQ(Json::parse(get(file)).at("repro"), "another");
}

TEST(KeepRecord, NoNameLeavesTheDirectory) {
    const TemporaryDirectory directory;
    start_run(directory / "run", run_json);
    std::size_t number = 0;
    for (const std::string& text : hostile_texts()) {
        Record record = small_records()[0];
        record.trial.subject = record.trial.fault = text;
        keep_record(directory / "run", record);
        EXPECT_EQ(contents(directory / "run/trials").size(), ++number)
            << "every trial has its own file; not so " << shown(text);
    }
    EXPECT_EQ(contents(directory.path()).size(), number + 3);  // run, run.json, trials
}

TEST(KeepRecord, AMissingDirectoryIsAnError) {
    const TemporaryDirectory directory;
    EXPECT_THROW(keep_record(directory / "nowhere", small_records()[0]), Error);
}

TEST(WriteReports, WritesTheFilesThatPeopleAndProgramsRead) {
    const TemporaryDirectory directory;
    const Result result = small_result();
    write_reports(directory.path(), result);
    const auto files = contents(directory.path());
    ASSERT_EQ(files.size(), 4u);
    EXPECT_EQ(files.at("costs.csv"), costs_csv(result));
    EXPECT_EQ(files.at("index.html"), html_page(result));
    EXPECT_EQ(files.at("junit.xml"), junit_xml(result));
    EXPECT_EQ(Json::parse(files.at("result.json")), to_json(result));
    EXPECT_TRUE(files.at("result.json").ends_with("}\n"));
}

TEST(WriteReports, WritesNumbersThatJsonCannotHold) {
    const TemporaryDirectory directory;
    std::vector<Record> records = small_records();
    for (const double odd : {not_a_number, infinite, -infinite}) {
        Record& record = records[1];
        record.cost = {odd, odd};
        record.verdict.margin = record.verdict.sensitivity = odd;
        record.verdict.checks[3].margin = record.verdict.checks[3].observed = odd;
        record.verdict.checks[3].tolerance = {odd, odd, odd, odd};
        record.evidence.windows[0].condition = record.evidence.windows[0].weight_tolerance = odd;
        record.evidence.windows[0].sample_units[0] = record.evidence.windows[0].layout.micros[0].units = odd;
        record.evidence.windows[0].recovered[0].weights[0] = record.evidence.windows[0].recovered[0].residual = odd;
        record.evidence.windows[0].recovered[0].stale = {odd, 1};
        record.verdict.checks[3].parameters[0].margin = odd;
        record.verdict.checks[4].losses = {{1, odd, odd, odd}};
        const Result result = assemble("", records, {}, {});
        write_reports(directory.path(), result);
        Json written = Json::parse(get(directory / "result.json"));
        EXPECT_EQ(read_runs({directory.path()}).records[1].cost.step_ms_median > 0, odd > 0);
        EXPECT_EQ(to_json(read_runs({directory.path()})), written);
        for (Json& entry : written.at("records")) {
            entry.erase("contract");
            entry.at("evidence").erase("narrow");
        }
        for (Json& entry : written.at("records"))
            for (Json& check : entry.at("verdict").at("checks")) {
                check.erase("first");
                check.erase("worst");
                for (Json& loss : check.at("losses"))
                    if (loss.at("step") > 2) loss.clear();  // where nothing is known it is null on purpose
            }
        EXPECT_EQ(written.dump().find("null"), std::string::npos);  // what a double becomes that JSON cannot hold
    }
}

TEST(WriteReports, AnyTextGivesFilesThatReadBack) {
    const TemporaryDirectory directory;
    for (const std::string& text : hostile_texts()) {
        Result result = hostile_result(text);
        write_reports(directory.path(), result);
        const std::string json = get(directory / "result.json");
        EXPECT_NO_THROW(Json(json).dump()) << "no UTF-8 for " << shown(text);
        const Json read = parse_json(json, "result.json");
        EXPECT_EQ(read.at("records").size(), result.records.size());
        EXPECT_EQ(read.at("notes").at(0), Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)))
            << shown(text);
    }
}

}  // namespace
}  // namespace isobatch
