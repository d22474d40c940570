#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "diagnose/result.h"

namespace isobatch {

struct Deadlines;

/// Each adds its subcommand; `exit_code` is what main returns.
void add_check(CLI::App& app, int& exit_code);
void add_try(CLI::App& app, int& exit_code);
void add_judge(CLI::App& app, int& exit_code);
void add_report(CLI::App& app, int& exit_code);
void add_gate(CLI::App& app, int& exit_code);
void add_faults(CLI::App& app, int& exit_code);
void add_plan(CLI::App& app, int& exit_code);
void add_translate(CLI::App& app, int& exit_code);
void add_trace(CLI::App& app, int& exit_code);
void add_doctor(CLI::App& app, int& exit_code);

/// Where a result goes.
struct Output {
    std::filesystem::path directory = "isobatch-report";
    bool json = false;
};

/// `--out` and `--json`, the same for every command that has a result.
void add_output(CLI::App& command, Output& output);

/// `--deadline`, `--start-deadline`, `--step-deadline`.
void add_deadlines(CLI::App& command, Deadlines& deadlines);

/// Writes the reports, prints the answer, returns the exit code.
int finish(const Result& result, const Output& output);

/// Where a job of GitHub Actions looks, and only there: lines that it reads from either stream, and its page.
void tell_github(const std::string& annotations, const std::string& page);

/// Standard output is a terminal and NO_COLOR is not set.
bool wants_colour();

/// The folder of this program.
std::filesystem::path program_folder();

}  // namespace isobatch
