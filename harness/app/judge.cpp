#include <memory>

#include <fmt/format.h>

#include "app/commands.h"
#include "diagnose/examine.h"
#include "reports/run_directory.h"
#include "trace/read.h"

namespace isobatch {

void add_judge(CLI::App& app, int& exit_code) {
    struct Options {
        std::filesystem::path reference;
        std::vector<std::filesystem::path> candidates;
        std::vector<std::string> allowed;
        Output output;
    };
    auto options = std::make_shared<Options>();
    options->output.directory = "isobatch-judge";
    CLI::App* command =
        app.add_subcommand("judge", "Judge recorded traces against a reference trace, and diagnose them together");
    command->add_option("REF", options->reference, "The reference trace")->required();
    command->add_option("CAND", options->candidates, "Traces to judge")->required();
    command->add_option("--allow-untested", options->allowed,
                        "A claim that may stay untested without making the run inconclusive");
    add_output(*command, options->output);
    command->callback([options, &exit_code] {
        const Trace reference = read_trace(options->reference);
        Examiner examiner(yardstick_of(reference));
        std::vector<Record> records;
        std::string text = "isobatch judge " + options->reference.string();
        for (const auto& path : options->candidates) {
            text += " " + path.string();
            const Trace candidate = read_trace(path);
            records.push_back(examiner.examine(candidate, "isobatch check " + candidate.manifest.trial));
        }
        start_run(options->output.directory, {{"schema", "isobatch-run/1"},
                                              {"command", text},
                                              {"version", ISOBATCH_VERSION},
                                              {"trials", records.size()}});
        for (const Record& record : records) keep_record(options->output.directory, record);
        exit_code = finish(assemble(text, std::move(records), options->allowed,
                                    {fmt::format("reference: {}", reference.manifest.trial)}),
                           options->output);
    });
}

}  // namespace isobatch
