#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "diagnose/result.h"

namespace isobatch {

/// Makes the folder of a run (run.json, trials/<id>.json, traces/<id>.trace/, result.json, index.html, junit.xml,
/// costs.csv) and clears what an earlier run left there. Throws Error, and deletes nothing, when the directory holds
/// something else.
void start_run(const std::filesystem::path& directory, const Json& run);

/// The same for a run that goes on: what an interrupted run of the same command and version has finished stays and is
/// returned, but for crashes, which are tried again. Throws Error when the directory holds another run.
std::vector<Record> resume_run(const std::filesystem::path& directory, const Json& run);

/// One finished trial, written, synced and renamed, so that nothing finished is ever lost.
void keep_record(const std::filesystem::path& directory, const Record& record);

/// result.json, index.html, junit.xml and costs.csv.
void write_reports(const std::filesystem::path& directory, const Result& result);

/// The result of one or several run directories, whose order means nothing; a trial that several hold counts once.
/// Throws Error when one is not a run directory or two hold different records of one trial.
Result read_runs(const std::vector<std::filesystem::path>& directories);

}  // namespace isobatch
