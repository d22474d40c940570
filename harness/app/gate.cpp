#include <unistd.h>
#include <iostream>
#include <memory>

#include <fmt/format.h>

#include "app/commands.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "reports/gate/baseline_text.h"
#include "reports/gate/gate_text.h"
#include "reports/run_directory.h"

namespace isobatch {

namespace {

namespace fs = std::filesystem;

struct GateOptions {
    std::vector<fs::path> directories;
    fs::path baseline;
    std::vector<std::string> allowed;
    bool approve = false, yes = false, json = false;
};

GateFiles files_of(const GateOptions& options) {
    GateFiles files{{}, options.baseline.string()};
    for (const fs::path& directory : options.directories) files.directories.push_back(directory.string());
    return files;
}

Baseline seen(const GateOptions& options) {
    std::vector<Result> rounds;
    for (const fs::path& directory : options.directories) rounds.push_back(read_runs({directory}));
    Baseline now = seen_in(rounds, files_of(options).directories);
    if (now.trials.empty())
        throw Error("the run has no trial", options.directories.front().string(), "run isobatch check again");
    return now;
}

std::optional<Baseline> baseline_in(const fs::path& path) {
    std::error_code code;
    if (!fs::exists(path, code) && !code) return std::nullopt;
    return baseline_from_text(MappedFile::open(path)->text(), path.string());
}

/// Whether the person at the terminal, or `--yes`, agrees.
bool agreed(const GateOptions& options) {
    if (options.yes) return true;
    if (!::isatty(STDIN_FILENO))
        throw Error("nobody is there to approve it", options.baseline.string(), "look at it and give --yes");
    fmt::print("Approve it? [y/N] ");
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "yes";
}

int approve(const GateOptions& options) {
    Baseline now = seen(options);
    const std::optional<Baseline> then = baseline_in(options.baseline);
    std::optional<Gate> difference;
    if (then) {
        difference = gate(*then, now, {});
        now = approved(*then, std::move(now));
    }
    fmt::print("{}", approval_text(difference, now, files_of(options)));
    if (!agreed(options)) {
        fmt::print("Not approved; nothing was written.\n");
        return 1;
    }
    write_file(options.baseline, baseline_text(now));
    fmt::print("approved: {}\n", printable(options.baseline.string()));
    return 0;
}

int judge(const GateOptions& options) {
    const GateFiles files = files_of(options);
    const Baseline now = seen(options);
    const std::optional<Baseline> then = baseline_in(options.baseline);
    if (!then)
        throw Error("there is no baseline", options.baseline.string(),
                    fmt::format("make it from a run that is right: isobatch gate {} --baseline {} --approve",
                                joined(files.directories, " "), files.baseline));
    const Gate answer = gate(*then, now, options.allowed);
    tell_github(gate_annotations(answer), gate_page(answer, files));
    if (options.json)
        fmt::print("{}\n", to_json(answer).dump(1, ' ', false, Json::error_handler_t::replace));
    else
        fmt::print("{}", gate_text(answer, files, wants_colour()));
    return answer.exit_code();
}

}  // namespace

void add_gate(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<GateOptions>();
    CLI::App* command = app.add_subcommand(
        "gate",
        "Hold runs against an approved baseline: is an outcome, a margin, a count or a time worse than it was?");
    command
        ->add_option("DIR", options->directories,
                     "Run directories of one command, as check, try and judge write them, one a measurement; times "
                     "take at least 24, measured one after another")
        ->required();
    command->add_option("--baseline", options->baseline, "JSON file in your repository, a line a trial")->required();
    CLI::Option* approve_it = command->add_flag(
        "--approve", options->approve,
        "Make these runs the baseline: shows what is different from the one before, and asks. The margins that were "
        "seen before stay in its history");
    command->add_flag("--yes", options->yes, "With --approve: do not ask")->needs(approve_it);
    command
        ->add_option("--allow-untested", options->allowed,
                     "throughput: it may stay undecided without making the answer inconclusive")
        ->excludes(approve_it);
    command->add_flag("--json", options->json, "Print the answer as JSON (schema isobatch-gate/1)")
        ->excludes(approve_it);
    command->footer(
        "Worse is: an outcome, a trial that is gone, a new cause, a margin above twice the largest that was seen (and\n"
        "above one E + u*A), more calls or bytes of collectives, more memory at the peak, and a split whose step "
        "takes\n"
        "longer than the baseline allows. A time is a trial's fastest full step in one run, of the processor where "
        "that\n"
        "was measured; of the runs the faster half counts, as a ratio to how the middle one of the matrix's other "
        "splits\n"
        "changed in the same runs. Slower is what all runs show and each half of them confirms; 5 % must be found, "
        "less\n"
        "than 2.5 % is none. A run in which steps waited for a processor does not "
        "count, and what slows all splits alike is undecided: the\n"
        "machine or the program.\n\n"
        "Exit codes: 0 not regressed, 1 regressed, 2 usage, unreadable input or no baseline, 3 a trial crashed that "
        "did\n"
        "not before, 4 undecided.");
    command->callback([options, &exit_code] { exit_code = options->approve ? approve(*options) : judge(*options); });
}

}  // namespace isobatch
