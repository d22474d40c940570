#include <unistd.h>
#include <cstdlib>
#include <map>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "app/commands.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "diagnose/examine.h"
#include "judge/stream.h"
#include "plan/isobatch.h"
#include "reports/progress.h"
#include "reports/run_directory.h"
#include "supervise/process.h"
#include "trace/read.h"

namespace isobatch {

namespace {

namespace fs = std::filesystem;

struct TryOptions {
    std::string splits;
    std::vector<std::string> command;
    std::vector<std::string> allowed;
    int steps = 0;  ///< 0: one window past the first epoch's edge, at most eight
    double deadline_s = 600;
    Output output;
};

std::string replaced(std::string text, const std::string& name, std::int64_t value) {
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at))
        text.replace(at, name.size(), std::to_string(value));
    return text;
}

/// Whether the user's own command starts the ranks.
bool launches(const TryOptions& options) {
    return joined(options.command, " ").find("{devices}") != std::string::npos;
}

/// `python SCRIPT …` under torchrun's module of the same Python, or as it is.
std::vector<std::string> command_for(const TryOptions& options, const Split& split) {
    std::vector<std::string> words;
    for (std::string word : options.command) {
        word = replaced(word, "{per_device}", split.per_device);
        word = replaced(word, "{accum}", split.accum);
        word = replaced(word, "{devices}", split.devices);
        words.push_back(replaced(word, "{effective}", split.effective()));
    }
    if (split.devices == 1 || launches(options)) return words;
    const std::vector<std::string> torchrun{"-m", "torch.distributed.run", "--standalone", "--nproc-per-node",
                                            std::to_string(split.devices)};
    words.insert(words.begin() + 1, torchrun.begin(), torchrun.end());
    return words;
}

/// Several ranks need a launcher: ours for a Python script, the user's own for anything else.
void require_launchable(const TryOptions& options, const std::vector<Split>& splits) {
    const std::vector<std::string>& words = options.command;
    const bool script = words.size() > 1 && fs::path(words[0]).filename().string().starts_with("python") &&
                        (!words[1].starts_with("-") || words[1] == "-m");
    for (const Split& split : splits)
        if (split.devices > 1 && !launches(options) && !script)
            throw Error(
                fmt::format("{} ranks of \"{}\" cannot be started", split.devices, printable(words[0].substr(0, 80))),
                "COMMAND",
                "write python SCRIPT …, or your own launcher with {devices}, such as torchrun --nproc-per-node "
                "{devices}");
}

/// What failed first of the ranks that left their part of a trace, which the others never completed; empty for nothing.
std::string first_failure(const fs::path& trace, std::int64_t ranks) {
    std::map<double, std::string> messages;
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
        const fs::path path = trace / fmt::format("rank{}.part", rank);
        if (!fs::exists(path)) continue;
        const Json part = parse_json(MappedFile::open(path)->text(), path.string());
        reading(path.string(), [&] {
            const Json& ended = part.at(1).at("ended");
            if (ended.is_object())
                messages[part.at(0).get<double>()] = ended.at("crashed").at("message").get<std::string>();
        });
    }
    return messages.empty() ? std::string() : messages.begin()->second;
}

/// One run of the script and what came of it.
struct Child {
    Trial trial;
    fs::path trace, log;
    std::unique_ptr<Process> process;
    Exit exit;
    bool timed_out = false;

    /// Empty when it recorded a window and, where it ended by itself, ended well. One that the recorder ended may have
    /// caught that: then its exit code says nothing.
    std::string failure(double deadline_s) const {
        if (timed_out) return fmt::format("no end within {} s", deadline_s);
        if (!fs::exists(trace / "manifest.json")) {
            if (const std::string first = first_failure(trace, trial.split.devices); !first.empty())
                return "the script failed: " + first;
            if (fs::exists(trace)) return fmt::format("not every rank ended what it recorded ({})", to_string(exit));
            return fmt::format("the script recorded nothing ({}): is it Python with torch?", to_string(exit));
        }
        const Trace found = read_trace(trace);
        if (!found.manifest.ended.complete) return "the script failed: " + found.manifest.ended.message;
        return exit.ok() || !stream_of(found).ended ? std::string()
                                                    : fmt::format("the script failed ({})", to_string(exit));
    }
};

Child make_child(const TryOptions& options, const Split& split) {
    Child child;
    child.trial.subject = "outside";
    child.trial.engine = "outside";
    child.trial.recipe = Recipe::fp32;
    child.trial.split = split;
    child.trial.samples = split.effective();
    child.trial.epochs = 1;
    child.trace = options.output.directory / "traces" / (file_name(child.trial) + ".trace");
    child.log = options.output.directory / "logs" / (to_string(split) + ".log");
    return child;
}

void start(Child& child, const TryOptions& options) {
    const char* path = std::getenv("PYTHONPATH");
    const std::string recorder = (program_folder() / "recorder").string();
    const Split& split = child.trial.split;
    const bool columns = split.per_device == 1 && split.devices == 1;
    fs::remove_all(child.trace);  // of an earlier run in the same directory
    child.process =
        std::make_unique<Process>(Launch{command_for(options, split),
                                         {{"PYTHONPATH", path && *path ? recorder + ":" + path : recorder},
                                          {"OMP_NUM_THREADS", "1"},  // the last bits depend on the number of threads
                                          {"ISOBATCH_TRACE", fs::absolute(child.trace).string()},
                                          {"ISOBATCH_TRIAL", to_string(child.trial)},
                                          {"ISOBATCH_SPLIT", to_string(split)},
                                          {"ISOBATCH_STEPS", options.steps ? std::to_string(options.steps) : ""},
                                          {"ISOBATCH_LEVEL", columns ? "full" : "grads"}},
                                         child.log,
                                         false});
}

/// As many children at a time as there are cores.
void run_all(std::vector<Child>& children, const TryOptions& options) {
    Progress progress(static_cast<int>(children.size()), ::isatty(STDERR_FILENO) && !options.output.json);
    const std::size_t width = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t begin = 0; begin < children.size(); begin += width) {
        const std::size_t end = std::min(begin + width, children.size());
        for (std::size_t i = begin; i < end; ++i) start(children[i], options);
        for (std::size_t i = begin; i < end; ++i) {
            progress.show(static_cast<int>(i), to_string(children[i].trial.split));
            children[i].exit = children[i].process->wait(Process::Seconds(options.deadline_s));
            children[i].timed_out = children[i].process->timed_out();
        }
    }
}

std::vector<Split> splits_for(const TryOptions& options) {
    const std::int64_t effective = parse_split(pieces(options.splits, ',')[0]).effective();
    std::vector<Split> splits = parse_splits(options.splits, effective);
    if (splits[0].devices != 1)
        throw Error(fmt::format("the reference {} has {} devices", to_string(splits[0]), splits[0].devices), "--splits",
                    fmt::format("put a split of one device first, such as {}x1x1", effective));
    require_launchable(options, splits);
    return splits;
}

void require_placeholders(const TryOptions& options) {
    const std::string text = joined(options.command, " ");
    for (const char* name : {"{per_device}", "{accum}"})
        if (text.find(name) == std::string::npos)
            throw Error(fmt::format("the command has no {}", name), printable(text),
                        "write the script's own option with it, such as --bs {per_device} --ga {accum}");
}

Child& child_of(std::vector<Child>& children, const Split& split) {
    for (Child& child : children)
        if (child.trial.split == split) return child;
    return children.front();
}

int run_try(TryOptions& options) {
    require_placeholders(options);
    const std::vector<Split> splits = splits_for(options);
    const Split single{1, splits[0].effective(), 1};
    const std::string command =
        fmt::format("isobatch try --splits {} -- {}", options.splits, joined(options.command, " "));
    start_run(
        options.output.directory,
        {{"schema", "isobatch-run/1"}, {"command", command}, {"version", ISOBATCH_VERSION}, {"trials", splits.size()}});
    make_directory(options.output.directory / "logs");
    make_directory(options.output.directory / "traces");

    std::vector<Child> children;
    for (const Split& split : splits) children.push_back(make_child(options, split));
    const bool extra = std::find(splits.begin(), splits.end(), single) == splits.end();
    if (extra) children.push_back(make_child(options, single));  // for the samples' own gradients; not judged
    run_all(children, options);
    for (const Child* needed : {&children.front(), &child_of(children, single)})
        if (const std::string failure = needed->failure(options.deadline_s); !failure.empty())
            throw Error(failure, fmt::format("split {}, log {}", to_string(needed->trial.split), needed->log.string()),
                        "its last lines: " + printable(needed->process->last_output(4)), Error::Kind::unfinished);

    Examiner examiner(
        outside_yardstick(read_trace(children.front().trace), read_trace(child_of(children, single).trace)));
    std::vector<Record> records;
    for (std::size_t i = 0; i < splits.size(); ++i) {
        const Child& child = children[i];
        const std::string both = i == 0 ? to_string(splits[0]) : to_string(splits[0]) + "," + to_string(splits[i]);
        const std::string repro = fmt::format("isobatch try --splits {} -- {}", both, joined(options.command, " "));
        if (const std::string failure = child.failure(options.deadline_s); !failure.empty()) {
            records.push_back(
                crashed_record(child.trial, repro, failure + "; its last lines: " + child.process->last_output(4)));
        } else {
            records.push_back(examiner.examine(read_trace(child.trace), repro));
            records.back().trace = fs::relative(child.trace, options.output.directory).string();
        }
        keep_record(options.output.directory, records.back());
    }
    const std::size_t windows = examiner.yardstick().windows.size();
    if (windows < 2) options.allowed.push_back("state");  // one window cannot show it, which the note says
    return finish(
        assemble(
            command, std::move(records), options.allowed,
            {fmt::format("reference: the script's own run as {}; a wrong weight that is the same in every split is out "
                         "of sight",
                         to_string(splits[0])),
             fmt::format("{} window(s) were recorded; gradients were compared in the first, and in the others samples, "
                         "counts, updates, learning rates and what was left in the accumulator",
                         windows),
             "the contract (a mean over scored tokens; what happens to a ragged window and to the rate) is inferred"}),
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
        ->add_option(
            "COMMAND", options->command,
            "After --: the script, with {per_device} {accum} {devices} {effective} where its options take them")
        ->required();
    command
        ->add_option("--allow-untested", options->allowed,
                     "A claim that may stay untested without making the run inconclusive")
        ->allow_extra_args(false);  // or it would take the -- before the command for its own end
    command
        ->add_option("--steps", options->steps,
                     "Windows to record (default: one past the first epoch's edge, at most 8)")
        ->check(CLI::Range(1, 1000));
    command->add_option("--deadline", options->deadline_s, "Seconds that one run may take")->capture_default_str();
    add_output(*command, options->output);
    command->callback([options, &exit_code] { exit_code = run_try(*options); });
}

}  // namespace isobatch
