#include <memory>

#include <fmt/format.h>

#include "app/commands.h"
#include "base/error.h"
#include "reports/changes.h"
#include "reports/run_directory.h"

namespace isobatch {

namespace {

int compare(const std::vector<std::filesystem::path>& directories, bool json) {
    if (directories.size() != 2)
        throw Error(fmt::format("--compare with {} run directories", directories.size()), "--compare",
                    "name two: the earlier and the later");
    const Changes changes = changes_between(read_runs({directories[0]}), read_runs({directories[1]}));
    if (json)
        fmt::print("{}\n", to_json(changes).dump(1, ' ', false, Json::error_handler_t::replace));
    else
        fmt::print("{}", changes_text(changes, wants_colour()));
    return changes.regressed() ? 1 : 0;
}

}  // namespace

void add_report(CLI::App& app, int& exit_code) {
    struct Options {
        std::vector<std::filesystem::path> directories;
        bool compare = false;
        Output output;
    };
    auto options = std::make_shared<Options>();
    options->output.directory.clear();
    CLI::App* command =
        app.add_subcommand("report", "Write and print the reports of one or several run directories, merged");
    command->add_option("DIR", options->directories, "Run directories")->required();
    command->add_flag(
        "--compare", options->compare,
        "Of two run directories, print what changed from the first to the second, and write nothing; exit "
        "code 1 where a trial got worse or a cause is new");
    add_output(*command, options->output);
    command->callback([options, &exit_code] {
        if (options->compare) {
            exit_code = compare(options->directories, options->output.json);
            return;
        }
        const Result result = read_runs(options->directories);
        if (options->output.directory.empty()) {
            if (options->directories.size() == 1)
                options->output.directory = options->directories[0];
            else
                options->output.directory = "isobatch-report-merged";
        }
        if (options->output.directory != options->directories[0])
            start_run(options->output.directory, {{"schema", "isobatch-run/1"},
                                                  {"command", result.command},
                                                  {"version", ISOBATCH_VERSION},
                                                  {"trials", result.records.size()}});
        exit_code = finish(result, options->output);
    });
}

}  // namespace isobatch
