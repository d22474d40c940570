#include "app/search.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "app/rank_group.h"
#include "app/worker.h"
#include "base/bytes.h"
#include "base/error.h"
#include "plan/exchange.h"
#include "plan/layout.h"
#include "plan/mesh.h"
#include "reports/run_directory.h"
#include "reports/terminal.h"

namespace isobatch {

namespace {

/// A crash says nothing of memory.
bool fits(const Record& record) {
    if (record.verdict.outcome != Outcome::crashed) return record.verdict.outcome != Outcome::out_of_memory;
    throw Error(fmt::format("{} crashed: {}", to_string(record.trial.split), record.verdict.checks.at(0).message),
                "--measure", "find out why with " + record.repro, Error::Kind::unfinished);
}

/// The trials of the search, in the order in which they were run.
template <class Runner>
std::vector<Record> run_search(const Search& search, Runner runner) {
    std::vector<Record> records;
    const auto affordable = [&](const Split& split) {
        Trial trial = search.trial;
        trial.split = split;
        runner.begin(trial);
        records.push_back(runner.finish());
        keep_record(search.output.directory, records.back());
        return fits(records.back());
    };
    // A larger micro never takes less memory: those that fit come first, from the smallest up.
    std::partition_point(search.splits.rbegin(), search.splits.rend(), affordable);
    return records;
}

std::string answer_of(const Record& record) {
    if (record.verdict.outcome == Outcome::out_of_memory) return "out of memory";
    return record.verdict.outcome == Outcome::divergent ? "fits, but is divergent" : "fits";
}

Json trial_json(const Record& record) {
    const auto measured = [](double value) { return value > 0 ? number_to_json(value) : Json(nullptr); };
    return {{"split", to_string(record.trial.split)},
            {"outcome", to_string(record.verdict.outcome)},
            {"memory_bytes_peak", measured(static_cast<double>(record.cost.memory.peak))},
            {"step_ms", measured(record.cost.step_ms_min)}};
}

void print_json(const std::vector<Record>& records, const std::string& found) {
    Json trials = Json::array();
    for (const Record& record : records) trials.push_back(trial_json(record));
    const Json answer{{"trials", std::move(trials)}, {"largest", found.empty() ? Json(nullptr) : Json(found)}};
    fmt::print("{}\n", answer.dump(1));
}

void print_table(const std::vector<Record>& records, std::int64_t limit) {
    fmt::print("{:12} {:24} {:>20} {:>9}\n", "split", "trial", "memory of a device", "ms/step");
    for (const Record& record : records) {
        const bool starved = record.verdict.outcome == Outcome::out_of_memory;
        const auto bytes = static_cast<double>(starved ? limit : record.cost.memory.peak);
        fmt::print("{:12} {:24} {:>20} {:>9}\n", to_string(record.trial.split), answer_of(record),
                   (starved ? "above " : "") + bytes_text(bytes),
                   starved ? "-" : short_number(record.cost.step_ms_min));
    }
}

}  // namespace

int search(const Search& search) {
    const std::int64_t limit = search.trial.memory;
    const std::filesystem::path& out = search.output.directory;
    start_run(out, {{"schema", "isobatch-run/1"},
                    {"command", search.command},
                    {"version", ISOBATCH_VERSION},
                    {"trials", search.splits.size()}});
    const WorkerProgram program{
        search.runner.empty() ? (program_folder() / "isobatch-run").string() : search.runner, out, false, {}};
    const std::vector<Record> records =
        parse_exchange(search.trial.engine).by_processes()
            ? run_search(search, RankGroup(program, std::make_shared<References>(), std::nullopt))
            : run_search(search, Worker(program));
    write_reports(out, assemble(search.command, records, {}, {"a search: its trials are not the whole matrix"}));

    const Record* largest = nullptr;
    Outcome worst_fitting = Outcome::identical;
    for (const Record& record : records) {
        if (record.verdict.outcome == Outcome::out_of_memory) continue;
        if (!largest || record.trial.split.per_device > largest->trial.split.per_device) largest = &record;
        if (record.verdict.outcome == Outcome::divergent) worst_fitting = Outcome::divergent;
    }
    const std::string found = largest ? to_string(largest->trial.split) : "";
    if (search.output.json)
        print_json(records, found);
    else
        print_table(records, limit);
    if (!largest)
        throw Error(
            fmt::format("no split of {} fits {}", search.splits[0].effective(), bytes_text(static_cast<double>(limit))),
            "--memory",
            fmt::format("{} has the smallest micro-batches: give more memory, or a smaller model",
                        to_string(search.splits.back())));
    if (!search.output.json)
        fmt::print("{} has the largest per_device that fits {}; {} of {} splits were tried.\nreport: {}\n", found,
                   bytes_text(static_cast<double>(limit)), records.size(), search.splits.size(),
                   (out / "index.html").string());
    return exit_code(worst_fitting);
}

}  // namespace isobatch
