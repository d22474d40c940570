#include "reports/run_directory.h"

#include <algorithm>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "diagnose/result_text.h"
#include "reports/costs.h"
#include "reports/html/page.h"
#include "reports/junit.h"

namespace isobatch {

namespace fs = std::filesystem;

namespace {

std::string text_of(const Json& json) {
    return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// Everything but the times, which two runs of one trial never share.
Json without_cost(const Record& record) {
    Json json = to_json(record);
    json.erase("cost");
    json.erase("trace");
    return json;
}

/// Whether run.json is ours: other programs call a file so, too.
bool holds_a_run(const fs::path& directory) {
    try {
        const Json run = parse_json(MappedFile::open(directory / "run.json")->text(), "run.json");
        return run.is_object() && run.value("schema", std::string()).starts_with("isobatch-run/");
    } catch (const Error&) {
        return false;
    } catch (const Json::exception&) {
        return false;  // a schema that is no text
    }
}

/// One result file that is to be merged.
struct Part {
    std::string file, version;
    std::shared_ptr<const MappedFile> bytes;
    Result result;
};

/// Of the isobatch that made the directory; empty where only the result was copied.
std::string version_in(const fs::path& directory) {
    const fs::path file = directory / "run.json";
    std::error_code code;
    if (!fs::exists(file, code)) return {};
    return reading(file.string(), [&] {
        return parse_json(MappedFile::open(file)->text(), file.string()).at("version").get<std::string>();
    });
}

std::vector<Part> read_parts(const std::vector<fs::path>& directories) {
    std::vector<Part> parts;
    for (const fs::path& directory : directories) {
        const fs::path file = directory / "result.json";
        std::error_code code;
        if (!fs::exists(file, code))
            throw Error("no result here", file.string(),
                        "name a directory that isobatch check, try or judge wrote with --out", Error::Kind::unfinished);
        const auto bytes = MappedFile::open(file);
        parts.push_back({file.string(), version_in(directory), bytes, result_from_text(bytes->text(), file.string())});
        if (parts.back().version != parts.front().version)
            throw Error(fmt::format("written by isobatch {}, {} by {}", printable(parts.back().version),
                                    parts.front().file, printable(parts.front().version)),
                        file.string(), "report them separately, or run them again with one version");
    }
    // By what they hold, so that the order in which they were named changes nothing.
    std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
        return std::pair(a.result.command, a.bytes->text()) < std::pair(b.result.command, b.bytes->text());
    });
    for (Part& part : parts) part.bytes.reset();  // a file of many trials is as large as what was read of it
    return parts;
}

void add_once(std::vector<std::string>& list, const std::string& entry) {
    if (std::find(list.begin(), list.end(), entry) == list.end()) list.push_back(entry);
}

/// A claim may stay untested where every run that left it untested allowed that: one run's leave does not cover
/// another.
std::vector<std::string> allowed_by_all(const std::vector<Part>& parts) {
    std::vector<std::string> allowed, refused;
    for (const Part& part : parts)
        for (const ClaimStatus& status : part.result.claims) {
            if (status.allowed)
                add_once(allowed, to_string(status.claim));
            else if (status.tested_by == 0)
                add_once(refused, to_string(status.claim));
        }
    std::erase_if(allowed, [&](const std::string& claim) {
        return std::find(refused.begin(), refused.end(), claim) != refused.end();
    });
    return allowed;
}

void clear(const fs::path& directory, std::initializer_list<const char*> old_ones) {
    std::error_code code;
    for (const char* old : old_ones) {
        fs::remove_all(directory / old, code);  // a link goes, what it points to stays
        if (code)
            throw Error(fmt::format("cannot remove what an earlier run left: {}", code.message()),
                        (directory / old).string(), "check its permissions, or choose another directory with --out");
    }
}

/// What processes that were killed had begun: traces that are not in their place, and files by which ranks met.
void clear_unfinished(const fs::path& directory) {
    std::error_code code;
    std::vector<fs::path> old;
    for (const auto& [folder, ending] : {std::pair{directory / "traces", ".part"}, {directory, ".meeting"}})
        for (const auto& entry : fs::directory_iterator(folder, code))
            if (entry.path().extension() == ending) old.push_back(entry.path());
    for (const fs::path& path : old) fs::remove_all(path, code);  // what stays harms nothing
}

}  // namespace

void start_run(const fs::path& directory, const Json& run) {
    std::error_code code;
    if (fs::exists(directory, code) && !fs::is_empty(directory, code) && !holds_a_run(directory))
        throw Error("the directory holds something else than a run", directory.string(),
                    "choose an empty or new directory with --out");
    clear(directory, {"result.json", "index.html", "junit.xml", "costs.csv", "trials", "traces"});
    clear_unfinished(directory);
    make_directory(directory);
    write_file(directory / "run.json", text_of(run));  // first: from here on the directory is known to be ours
    make_directory(directory / "trials");
}

std::vector<Record> resume_run(const fs::path& directory, const Json& run) {
    std::error_code code;
    if (!fs::exists(directory / "run.json", code)) {  // interrupted before it began, or never begun
        start_run(directory, run);
        return {};
    }
    if (parse_json(MappedFile::open(directory / "run.json")->text(), "run.json") != run)
        throw Error("the directory holds another run", (directory / "run.json").string(),
                    "give the command that is written there, or leave out --resume to start over");
    clear(directory, {"result.json", "index.html", "junit.xml", "costs.csv"});
    clear_unfinished(directory);
    make_directory(directory / "trials");
    std::vector<Record> records;
    for (const auto& entry : fs::directory_iterator(directory / "trials")) {
        if (entry.path().extension() != ".json") continue;  // what was being written when the run was interrupted
        const std::string file = entry.path().string();
        Record record = record_from_json(parse_json(MappedFile::open(file)->text(), file), file);
        if (!unanswered(record.verdict.outcome)) records.push_back(std::move(record));
    }
    return records;
}

void keep_record(const fs::path& directory, const Record& record) {
    write_file(directory / "trials" / (file_name(record.trial) + ".json"), text_of(to_json(record)));
}

void write_reports(const fs::path& directory, const Result& result) {
    write_file(directory / "result.json", json_text(result));
    write_file(directory / "junit.xml", junit_xml(result));
    write_file(directory / "costs.csv", costs_csv(result));
    write_file(directory / "index.html", html_page(result));
}

Result read_runs(const std::vector<fs::path>& directories) {
    std::vector<Part> parts = read_parts(directories);
    const std::vector<std::string> allowed = allowed_by_all(parts);
    std::vector<Record> records;
    std::map<std::string, std::size_t> known;
    std::vector<std::string> notes, commands;
    for (Part& part : parts) {
        for (Record& record : part.result.records) {
            const auto [it, fresh] = known.emplace(to_string(record.trial), records.size());
            if (fresh)
                records.push_back(std::move(record));
            else if (without_cost(records[it->second]) != without_cost(record))
                throw Error("two runs hold different records of one trial",
                            fmt::format("{}: {}", part.file, printable(to_string(record.trial))),
                            "report them separately");
        }
        for (const std::string& note : part.result.notes) add_once(notes, note);
        add_once(commands, part.result.command);
    }
    return assemble(joined(commands, " ; "), std::move(records), allowed, std::move(notes));
}

}  // namespace isobatch
