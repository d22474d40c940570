#include <unistd.h>
#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
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
    std::optional<std::string> contract;  ///< words, or the path of a file with them
    bool expect_different = false;
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
    std::vector<Split> splits;
    for (const std::string& text : pieces(options.splits, ',')) {
        const Split split = parse_splits(text, options.expect_different ? parse_split(text).effective() : effective)[0];
        if (std::find(splits.begin(), splits.end(), split) != splits.end())
            throw Error(fmt::format("split {} is given twice", text), "--splits", "name each split once");
        splits.push_back(split);
    }
    if (splits[0].devices != 1)
        throw Error(fmt::format("the reference {} has {} devices", to_string(splits[0]), splits[0].devices), "--splits",
                    fmt::format("put a split of one device first, such as {}x1x1", effective));
    return splits;
}

Said said_by(const TryOptions& options) {
    if (!options.contract) return {};
    const bool file = fs::is_regular_file(*options.contract);
    return file ? parse_said(MappedFile::open(*options.contract)->text(), *options.contract)
                : parse_said(*options.contract, "--contract");
}

/// Of a run that was meant to be another training: whatever its gradients are, nothing is said of them.
Record other_batch(const Trial& trial, std::string repro, const Trace& trace, const Split& reference) {
    Record record{trial, std::move(repro), std::nullopt, {}, {}, {}, {}, cost_of(trace), {}};
    record.verdict.outcome = Outcome::inconclusive;
    CheckResult data{.check = Check::data, .outcome = Outcome::inconclusive};
    data.message =
        fmt::format("another effective batch, {} where the reference has {}: not compared (--expect-different)",
                    trial.split.effective(), reference.effective());
    record.verdict.checks.push_back(std::move(data));
    return record;
}

/// What repeats it: `isobatch try --splits … -- COMMAND`.
std::string typed(const TryOptions& options, const std::string& splits) {
    std::string text = "isobatch try --splits " + splits;
    for (const std::string& entry : options.command.environment) text += " --env " + entry;
    if (!options.command.config.empty()) text += " --config " + options.command.config.string();
    if (!options.command.level.empty()) text += " --level " + options.command.level;
    if (options.command.follow) text += " --follow";
    if (options.contract) text += " --contract " + *options.contract;
    if (options.expect_different) text += " --expect-different";
    return text + " -- " + joined(options.command.words, " ");
}

OutsideRun& run_of(Runs& runs, const Split& split) {
    for (OutsideRun& run : runs)
        if (run.trial().split == split) return run;
    return runs.front();
}

std::vector<std::string> notes_for(const TryOptions& options, const std::vector<Split>& splits,
                                   const Yardstick& yardstick) {
    const Split& reference = splits[0];
    const auto judged = std::count_if(yardstick.windows.begin(), yardstick.windows.end(),
                                      [](const WindowScale& window) { return !window.tensors.empty(); });
    const std::string where = judged > 1 ? fmt::format("{} of them", judged) : judged == 1 ? "the first" : "none";
    std::vector<std::string> notes{
        fmt::format("reference: the script's own run as {}; a wrong weight that is the same in every split is out "
                    "of sight",
                    to_string(reference)),
        fmt::format(
            "{} window(s) were recorded; gradients were compared in {}, and in the others samples, "
            "counts, updates, settings and state of optimizers, clips and what was left in the accumulator; of what "
            "the optimizer makes of a gradient, how far the first update goes",
            yardstick.windows.size(), where)};
    if (const Split single{1, reference.effective(), 1};
        options.command.level != "losses" && std::find(splits.begin(), splits.end(), single) == splits.end())
        notes.push_back(
            fmt::format("{} was run too, for the samples' own gradients; it is not judged", to_string(single)));
    for (const WindowScale& window : yardstick.windows)
        if (window.unexplained > 0 && !window.tensors.empty())
            notes.push_back(
                fmt::format("in window {} no weights of the samples' own gradients give the reference's (residual "
                            "{:.2g}), as where hooks, penalties or the loop change gradients: there the splits were "
                            "held to one another, and no weights were read",
                            window.step, window.unexplained));
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
    const Said said = said_by(options);
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
                        needed->last_output().empty() ? "see why it printed nothing"
                                                      : "its last lines: " + printable(needed->last_output()),
                        Error::Kind::unfinished);

    const Trace reference = read_trace(runs.front().trace()), columns = read_trace(run_of(runs, single).trace());
    const bool sketched = has_sketch({reference, columns});
    const auto comparable = [&](const Trace& trace) { return sketched ? sketch_of(trace) : trace; };
    Examiner examiner(outside_yardstick(comparable(reference), comparable(columns), said));
    std::vector<Record> records;
    for (std::size_t i = 0; i < splits.size(); ++i) {
        const OutsideRun& run = runs[i];
        const std::string repro =
            typed(options, i == 0 ? to_string(splits[0]) : to_string(splits[0]) + "," + to_string(splits[i]));
        if (const std::string failure = run.failure(); !failure.empty()) {
            records.push_back(crashed_record(run.trial(), repro, failure + "; its last lines: " + run.last_output()));
        } else if (splits[i].effective() != splits[0].effective()) {
            records.push_back(other_batch(run.trial(), repro, read_trace(run.trace()), splits[0]));
        } else {
            records.push_back(examiner.examine(comparable(read_trace(run.trace())), repro));
            records.back().trace = fs::relative(run.trace(), options.output.directory).string();
        }
        keep_record(options.output.directory, records.back());
    }
    if (examiner.yardstick().windows.size() < 2) options.allowed.push_back("state");  // one window cannot show it
    return finish(
        assemble(command, std::move(records), options.allowed, notes_for(options, splits, examiner.yardstick())),
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
        ->add_option("--contract", options->contract,
                     "What the trainer claims, or a file that says it: token-mean or sample-mean, keeps-tail or "
                     "drops-tail (of an epoch), schedule-in-updates or constant-rate; such as token-mean,keeps-tail. "
                     "What is not said is inferred from the first split, and printed as inferred")
        ->allow_extra_args(false);
    command->add_flag("--expect-different", options->expect_different,
                      "Also runs splits of another effective batch than the first; these are inconclusive, never "
                      "equivalent");
    command
        ->add_option("--level", options->command.level,
                     "What is kept of gradients: losses (nothing), sketch (some elements; the default above 50 million "
                     "parameters, or 800 million numbers in the gradients of a window's single samples), grads (all; "
                     "the default below), full (also what each micro-batch added)")
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
