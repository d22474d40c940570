#include <unistd.h>
#include <cstdlib>

#include <fmt/format.h>

#include "app/commands.h"
#include "base/error.h"
#include "reports/run_directory.h"
#include "reports/terminal.h"

namespace isobatch {

void add_output(CLI::App& command, Output& output) {
    command
        .add_option("--out", output.directory, "Run directory: result.json, index.html, junit.xml and what was kept")
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

int finish(const Result& result, const Output& output) {
    write_reports(output.directory, result);
    if (output.json) {
        fmt::print("{}\n", to_json(result).dump(1, ' ', false, Json::error_handler_t::replace));
    } else {
        fmt::print("{}report: {}\n", terminal_text(result, wants_colour()), (output.directory / "index.html").string());
    }
    return result.exit_code;
}

}  // namespace isobatch
