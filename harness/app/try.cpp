#include <unistd.h>
#include <algorithm>
#include <deque>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "app/commands.h"
#include "app/outside_run.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "diagnose/examine.h"
#include "plan/isobatch.h"
#include "reports/progress.h"
#include "reports/run_directory.h"
#include "trace/read.h"
#include "trace/sketch.h"

namespace isobatch {

namespace {

namespace fs = std::filesystem;

struct TryOptions {
    std::string splits;
    OutsideCommand command;
    std::vector<std::string> allowed;
    Output output;
};

using Runs = std::deque<OutsideRun>;

/// As many at a time as there are cores.
void run_all(Runs& runs, bool follow, const Output& output) {
    Progress progress(static_cast<int>(runs.size()), ::isatty(STDERR_FILENO) && !output.json);
    const std::size_t width = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t begin = 0, end = 0; begin < runs.size(); begin = end) {
        end = std::min(begin + (follow && begin == 0 ? 1 : width), runs.size());  // whom the others follow runs first
        for (std::size_t i = begin; i < end; ++i) runs[i].start();
        for (std::size_t i = begin; i < end; ++i) {
            progress.show(static_cast<int>(i), to_string(runs[i].trial().split));
            runs[i].wait();
        }
    }
}

std::vector<Split> splits_for(const TryOptions& options) {
    const std::int64_t effective = parse_split(pieces(options.splits, ',')[0]).effective();
    std::vector<Split> splits = parse_splits(options.splits, effective);
    if (splits[0].devices != 1)
        throw Error(fmt::format("the reference {} has {} devices", to_string(splits[0]), splits[0].devices), "--splits",
                    fmt::format("put a split of one device first, such as {}x1x1", effective));
    return splits;
}

/// What repeats it: `isobatch try --splits … -- COMMAND`.
std::string typed(const TryOptions& options, const std::string& splits) {
    std::string text = "isobatch try --splits " + splits;
    for (const std::string& entry : options.command.environment) text += " --env " + entry;
    if (!options.command.config.empty()) text += " --config " + options.command.config.string();
    if (!options.command.level.empty()) text += " --level " + options.command.level;
    if (options.command.follow) text += " --follow";
    return text + " -- " + joined(options.command.words, " ");
}

OutsideRun& run_of(Runs& runs, const Split& split) {
    for (OutsideRun& run : runs)
        if (run.trial().split == split) return run;
    return runs.front();
}

std::vector<std::string> notes_for(const TryOptions& options, const Split& reference, const Yardstick& yardstick) {
    const auto judged = std::count_if(yardstick.windows.begin(), yardstick.windows.end(),
                                      [](const WindowScale& window) { return !window.tensors.empty(); });
    const std::string where = judged > 1 ? fmt::format("{} of them", judged) : judged == 1 ? "the first" : "none";
    std::vector<std::string> notes{
        fmt::format("reference: the script's own run as {}; a wrong weight that is the same in every split is out "
                    "of sight",
                    to_string(reference)),
        fmt::format("{} window(s) were recorded; gradients were compared in {}, and in the others samples, "
                    "counts, updates, learning rates and what was left in the accumulator",
                    yardstick.windows.size(), where),
        "the contract (a mean over scored tokens; what happens to a ragged window and to the rate) is inferred"};
    if (options.command.follow)
        notes.push_back(
            "followed: each window of the other splits started from the reference's parameters and optimizer state, "
            "which changes "
            "their training");
    if (yardstick.level == Level::sketch)
        notes.push_back("sketched: of each gradient some elements, its norm and its digest were compared");
    return notes;
}

int run_try(TryOptions& options) {
    const std::vector<Split> splits = splits_for(options);
    options.command.directory = options.output.directory;
    require_startable(options.command, splits);
    const Split single{1, splits[0].effective(), 1};
    const std::string command = typed(options, options.splits);
    start_run(
        options.output.directory,
        {{"schema", "isobatch-run/1"}, {"command", command}, {"version", ISOBATCH_VERSION}, {"trials", splits.size()}});
    make_directory(options.output.directory / "logs");
    make_directory(options.output.directory / "traces");

    Runs runs;
    for (const Split& split : splits) runs.emplace_back(options.command, split, split == splits[0]);
    const bool extra =
        options.command.level != "losses" && std::find(splits.begin(), splits.end(), single) == splits.end();
    if (extra) runs.emplace_back(options.command, single, false);  // for the samples' own gradients; not judged
    run_all(runs, options.command.follow, options.output);
    fs::remove_all(states_of(options.command));
    for (const OutsideRun* needed : {&runs.front(), &run_of(runs, single)})
        if (const std::string failure = needed->failure(); !failure.empty())
            throw Error(failure,
                        fmt::format("split {}, log {}", to_string(needed->trial().split), needed->log().string()),
                        "its last lines: " + printable(needed->last_output()), Error::Kind::unfinished);

    const Trace reference = read_trace(runs.front().trace()), columns = read_trace(run_of(runs, single).trace());
    const bool sketched = has_sketch({reference, columns});
    const auto comparable = [&](const Trace& trace) { return sketched ? sketch_of(trace) : trace; };
    Examiner examiner(outside_yardstick(comparable(reference), comparable(columns)));
    std::vector<Record> records;
    for (std::size_t i = 0; i < splits.size(); ++i) {
        const OutsideRun& run = runs[i];
        const std::string repro =
            typed(options, i == 0 ? to_string(splits[0]) : to_string(splits[0]) + "," + to_string(splits[i]));
        if (const std::string failure = run.failure(); !failure.empty()) {
            records.push_back(crashed_record(run.trial(), repro, failure + "; its last lines: " + run.last_output()));
        } else {
            records.push_back(examiner.examine(comparable(read_trace(run.trace())), repro));
            records.back().trace = fs::relative(run.trace(), options.output.directory).string();
        }
        keep_record(options.output.directory, records.back());
    }
    if (examiner.yardstick().windows.size() < 2) options.allowed.push_back("state");  // one window cannot show it
    return finish(
        assemble(command, std::move(records), options.allowed, notes_for(options, splits[0], examiner.yardstick())),
        options.output);
}

}  // namespace

void add_try(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<TryOptions>();
    CLI::App* command = app.add_subcommand(
        "try",
        "Run any outside trainer, such as an unmodified Hugging Face script, under several splits and compare them");
    command->add_option("--splits", options->splits, "The reference first, such as 16x1x1,4x4x1,1x16x1")->required();
    command
        ->add_option("COMMAND", options->command.words,
                     "After --: the script, with {per_device} {accum} {devices} {effective} where its options take "
                     "them, and {out}, a folder of the split's own. Write \\{word} for braces that are meant")
        ->required();
    command
        ->add_option("--config", options->command.config,
                     "A text file with the same placeholders, such as JSON, YAML or TOML; its filled copy is {config}")
        ->check(CLI::ExistingFile);
    command->add_option("--env", options->command.environment, "KEY=VALUE for the script, with the same placeholders")
        ->allow_extra_args(false);
    command
        ->add_option("--allow-untested", options->allowed,
                     "A claim that may stay untested without making the run inconclusive")
        ->allow_extra_args(false);  // or it would take the -- before the command for its own end
    command
        ->add_option("--level", options->command.level,
                     "What is kept of gradients: losses (nothing), sketch (some elements; the default above 50 million "
                     "parameters), grads (all; the default below), full (also what each micro-batch added)")
        ->check(CLI::IsMember({"losses", "sketch", "grads", "full"}));
    command->add_flag(
        "--follow", options->command.follow,
        "CHANGES THE TRAINING: the first split runs alone and leaves its parameters, buffers and optimizer "
        "state at the start of each window, which every other split takes over, so that gradients are "
        "judged in all windows");
    command
        ->add_option("--steps", options->command.steps,
                     "Windows to record (default: one past the first epoch's edge, at most 8)")
        ->check(CLI::Range(1, 1000));
    command->add_option("--deadline", options->command.deadline_s, "Seconds that one run may take")
        ->capture_default_str();
    add_output(*command, options->output);
    command->callback([options, &exit_code] { exit_code = run_try(*options); });
}

}  // namespace isobatch
