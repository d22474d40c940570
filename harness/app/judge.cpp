#include <memory>

#include <fmt/format.h>

#include "app/commands.h"
#include "base/error.h"
#include "diagnose/examine.h"
#include "reports/run_directory.h"
#include "trace/read.h"
#include "trace/sketch.h"

namespace isobatch {

namespace {

/// What the candidates are judged by. An outside trainer's reference does not hold its samples' own gradients: they are
/// those of a run with one sample a micro.
Yardstick yardstick_from(const Trace& reference, const std::vector<Trace>& candidates) {
    if (reference.manifest.engine != "outside") return yardstick_of(reference);
    const auto has_columns = [](const Trace& trace) {
        const Split& split = trace.manifest.split;
        const bool first =
            split.per_device == 1 && split.devices == 1 && !trace.ranks.empty() && !trace.ranks[0].empty();
        const auto micro = first ? trace.ranks[0][0].tensors.lower_bound("micro/") : Tensors::const_iterator();
        return first && micro != trace.ranks[0][0].tensors.end() && micro->first.starts_with("micro/");
    };
    if (has_columns(reference) || reference.manifest.level == Level::losses)
        return outside_yardstick(reference, reference);
    for (const Trace& columns : candidates)
        if (has_columns(columns)) return outside_yardstick(reference, columns);
    throw Error("no trace of this outside trainer has the gradient of each sample", reference.manifest.trial,
                fmt::format("record 1x{}x1 at level full too, and name it among the candidates",
                            reference.manifest.split.effective()));
}

}  // namespace

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
        Trace reference = read_trace(options->reference);
        std::vector<Trace> candidates;  // mapped files
        for (const auto& path : options->candidates) candidates.push_back(read_trace(path));
        if (reference.manifest.level == Level::sketch || has_sketch(candidates)) {
            reference = sketch_of(reference);
            for (Trace& candidate : candidates) candidate = sketch_of(candidate);
        }
        Examiner examiner(yardstick_from(reference, candidates));
        std::vector<Record> records;
        std::string text = "isobatch judge " + options->reference.string();
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const std::string path = options->candidates[i].string();
            const Trace& candidate = candidates[i];
            text += " " + path;
            const bool ours = candidate.manifest.engine != "outside";
            records.push_back(examiner.examine(
                candidate, ours ? "isobatch check " + candidate.manifest.trial
                                : fmt::format("isobatch judge {} {}", options->reference.string(), path)));
        }
        if (!examiner.yardstick().ours && examiner.yardstick().windows.size() < 2)
            options->allowed.push_back("state");  // one window cannot show it
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
