#include <memory>

#include "app/commands.h"
#include "reports/run_directory.h"

namespace isobatch {

void add_report(CLI::App& app, int& exit_code) {
    struct Options {
        std::vector<std::filesystem::path> directories;
        Output output;
    };
    auto options = std::make_shared<Options>();
    options->output.directory.clear();
    CLI::App* command =
        app.add_subcommand("report", "Write and print the reports of one or several run directories, merged");
    command->add_option("DIR", options->directories, "Run directories")->required();
    add_output(*command, options->output);
    command->callback([options, &exit_code] {
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
        for (const Record& record : result.records) keep_record(options->output.directory, record);
        exit_code = finish(result, options->output);
    });
}

}  // namespace isobatch
