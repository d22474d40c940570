#include <unistd.h>
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>

#include "app/commands.h"
#include "base/text.h"
#include "diagnose/result_text.h"
#include "reports/markdown.h"
#include "reports/run_directory.h"
#include "reports/terminal.h"

namespace isobatch {

void add_output(CLI::App& command, Output& output) {
    command
        .add_option("--out", output.directory,
                    "Run directory: result.json, index.html, junit.xml, costs.csv and what was kept")
        ->capture_default_str();
    command.add_flag("--json", output.json, "Print the result as JSON instead of the table");
}

bool wants_colour() {
    const char* refused = std::getenv("NO_COLOR");
    return ::isatty(STDOUT_FILENO) && (refused == nullptr || *refused == '\0');
}

std::filesystem::path program_folder() {
    std::error_code code;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", code);
    return code ? std::filesystem::current_path() : self.parent_path();
}

// Annotations go to standard error, since standard output may be somebody's JSON.
void tell_github(const std::string& annotations, const std::string& page) {
    const auto holds = [](const char* name, std::string_view wanted) {
        const char* value = std::getenv(name);
        return value != nullptr && *value != '\0' && (wanted.empty() || value == wanted);
    };
    if (holds("GITHUB_ACTIONS", "true")) fmt::print(stderr, "{}", annotations);
    if (!holds("GITHUB_STEP_SUMMARY", "")) return;
    // Appended: what the job's earlier steps wrote is not ours.
    const char* file = std::getenv("GITHUB_STEP_SUMMARY");
    if (!(std::ofstream(file, std::ios::app | std::ios::binary) << page << std::flush))
        fmt::print(stderr, "no summary for the job's page: {} cannot be written\n", printable(file));
}

int finish(const Result& result, const Output& output) {
    write_reports(output.directory, result);
    tell_github(github_annotations(result), markdown_summary(result));
    if (output.json) {
        fmt::print("{}", json_text(result));
    } else {
        fmt::print("{}report: {}\n", terminal_text(result, wants_colour()), (output.directory / "index.html").string());
    }
    return result.exit_code;
}

}  // namespace isobatch
