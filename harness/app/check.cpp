#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>

#include "app/commands.h"
#include "app/launched.h"
#include "app/rank_group.h"
#include "app/run_all.h"
#include "app/worker.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/text.h"
#include "plan/design.h"
#include "plan/exchange.h"
#include "plan/fault.h"
#include "plan/isobatch.h"
#include "plan/layout.h"
#include "plan/mesh.h"
#include "plan/slice.h"
#include "reports/progress.h"
#include "reports/run_directory.h"

namespace isobatch {

namespace {

struct CheckOptions {
    std::vector<std::string> subjects{"gpt"};
    std::int64_t effective = 16, max_devices = 0, samples = 0, copies = 1, threads = 1;
    std::string splits = "all", engine = "serial", device = "cpu", recipe = "fp64", lengths = "ragged", optimizer,
                fault, identities;
    std::uint64_t seed = 1;
    int epochs = 2, jobs = 1, trajectory = 0, cover = 0, restart = 0;
    std::vector<std::string> allowed;
    bool keep_traces = false, resume = false;
    std::string memory, shard, runner, drawn;  ///< `drawn`: how, where the trials are not each with each
    Deadlines deadlines;
    Output output;
    CLI::Option* effective_given = nullptr;
};

/// The splits that were asked for; the effective batch follows from a typed list.
std::vector<Split> splits_for(CheckOptions& options) {
    const std::int64_t places = places_in(options.max_devices, options.copies);
    if (options.splits == "all") return splits_of({.effective = options.effective, .max_devices = places});
    if (options.effective_given->count() == 0)
        options.effective = parse_split(pieces(options.splits, ',')[0]).effective();
    return parse_splits(options.splits, options.effective);
}

/// The matrix, every case with every split. Checks all of it before anything runs.
std::vector<Trial> plan_trials(CheckOptions& options) {
    const std::vector<Split> splits = splits_for(options);
    for (const std::string& subject : options.subjects)
        if (std::count(options.subjects.begin(), options.subjects.end(), subject) > 1)
            throw Error(fmt::format("case {} is given twice", printable(subject)), "CASE", "name each case once");
    if (splits.empty()) throw Error("no split satisfies the bounds", "--max-devices", "raise --max-devices");
    if (options.epochs < 1) throw Error(fmt::format("--epochs is {}", options.epochs), "--epochs", "give at least 1");
    if (options.samples < 0)
        throw Error(fmt::format("--samples is {}", options.samples), "--samples",
                    "give at least 1, or leave it out for the default");
    if (!options.fault.empty()) parse_fault(options.fault);
    const Exchange exchange = parse_exchange(options.engine);
    require_device(exchange, options.device);
    options.engine = to_string(exchange);  // one way to write it
    const Lengths lengths = parse_lengths(options.lengths);
    const std::int64_t samples = options.samples ? options.samples : default_samples(options.effective, lengths);
    const Trial common{options.subjects[0],
                       splits[0],
                       options.engine,
                       options.device,
                       parse_recipe(options.recipe),
                       options.seed,
                       samples,
                       lengths,
                       options.epochs,
                       options.fault,
                       static_cast<int>(options.copies),
                       options.optimizer,
                       static_cast<int>(options.threads),
                       options.identities,
                       options.trajectory,
                       options.memory.empty() ? 0 : parse_bytes(options.memory, "--memory"),
                       options.restart};
    std::vector<Trial> trials = options.cover > 0 ? covering_trials(options.subjects, splits, common, options.cover)
                                                  : every_trial(options.subjects, splits, common);
    if (options.cover > 0)
        options.drawn = fmt::format("any {} choices meet in one of them, where each with each are {:.0f}",
                                    options.cover, all_trials(options.subjects.size(), splits.size()));
    for (Trial& trial : trials) trial = parse_trial(to_string(trial));  // refuses what no trial may hold
    for (const Trial& trial : trials) mesh_of(trial);                   // refuses what no machine has
    return trials;
}

/// The command with everything that was assumed spelled out.
std::string full_command(const CheckOptions& options, const std::vector<Trial>& trials) {
    std::vector<std::string> names;
    for (const Trial& trial : trials)
        if (std::find(names.begin(), names.end(), to_string(trial.split)) == names.end())
            names.push_back(to_string(trial.split));
    const Trial& spelled = trials[0];
    std::string text = options.cover > 0 ? undrawn(spelled) : to_string(spelled);
    const std::string single = "--splits " + to_string(spelled.split);
    text.replace(text.find(single), single.size(), "--splits " + joined(names, ","));
    text.replace(0, spelled.subject.size(), joined(options.subjects, " "));
    if (options.cover > 0) text += fmt::format(" --cover {}", options.cover);
    for (const std::string& claim : options.allowed) text += " --allow-untested " + claim;
    if (!options.shard.empty()) text += " --shard " + options.shard;
    return "isobatch check " + text;
}

std::vector<std::string> notes_for(const CheckOptions& options, const std::vector<Trial>& trials,
                                   const std::optional<Launcher>& launcher) {
    std::vector<std::string> windows;
    for (const Batch& batch : batches_of(trials[0].samples, options.effective, 1))
        if (windows.size() < 6) windows.push_back(std::to_string(batch.samples));
    std::vector<std::string> notes{fmt::format(
        "{}: {} trials of the effective batch {} ({}, {}, {} engine)", joined(options.subjects, ", "), trials.size(),
        options.effective, options.drawn.empty() ? options.recipe : options.drawn, options.device, options.engine)};
    if (options.drawn.empty())
        notes.push_back(
            fmt::format("data: {} samples of {} length, seed {}, {} epoch(s) of windows {}{}", trials[0].samples,
                        options.lengths, options.seed, options.epochs, joined(windows, ", "),
                        batches_of(trials[0].samples, options.effective, 1).size() > windows.size() ? ", …" : ""));
    if (options.copies > 1)
        notes.push_back(fmt::format("copies: each device is {} ranks that hold the same samples", options.copies));
    if (computes_narrow(trials[0].recipe))
        notes.push_back(fmt::format(
            "bits: that gradients are summed in fp32 shows in a window of {} micro-batches or more, where there are "
            "{} sums",
            least_addends, least_entries));
    if (options.jobs > 1) notes.push_back(fmt::format("times: taken with {} trials at a time", options.jobs));
    if (launcher)
        notes.push_back(fmt::format(
            "ranks: {}, started by {}{}", launcher->world, launcher->source,
            launcher->host.empty() ? std::string()
                                   : fmt::format(", which meet at {}:{}", printable(launcher->host), launcher->port)));
    return notes;
}

/// Under another launcher: its ranks have to be those of the trials.
void require_ranks(const CheckOptions& options, const std::vector<Trial>& trials, const Launcher& launcher) {
    std::int64_t most = 0;
    for (const Trial& trial : trials) most = std::max<std::int64_t>(most, mesh_of(trial).ranks());
    const std::string where = fmt::format("rank {} of {}", launcher.rank, launcher.source);
    if (!parse_exchange(options.engine).by_processes())
        throw Error(fmt::format("the serial engine has one process, and {} were started", launcher.world), where,
                    "choose --engine gloo, or start isobatch once, without a launcher");
    if (most > launcher.world || (trials.size() == 1 && most != launcher.world))
        throw Error(fmt::format("{} ranks were started for {} devices", launcher.world, most), where,
                    "start as many ranks as the split has devices, times --copies; for a matrix, as many as its "
                    "largest split");
    if (options.jobs > 1) throw Error("one set of ranks runs one trial at a time", where, "leave out --jobs");
    if (launcher.world % options.copies != 0)
        throw Error(fmt::format("{} ranks are no whole number of devices of {} copies", launcher.world, options.copies),
                    where, "start a multiple of --copies ranks");
}

int run_check(CheckOptions& options) {
    const std::optional<Launcher> launcher = launcher_in([](const char* name) { return std::getenv(name); });
    if (launcher && options.max_devices == 0) options.max_devices = launcher->world;
    const std::vector<Trial> matrix = plan_trials(options), trials = shard_of(matrix, options.shard);
    const std::string command = full_command(options, matrix);
    if (launcher) require_ranks(options, matrix, *launcher);
    const std::string program = options.runner.empty() ? (program_folder() / "isobatch-run").string() : options.runner;
    const std::filesystem::path& out = options.output.directory;
    const WorkerProgram started{program, launcher ? std::filesystem::absolute(out) : out,  // its ranks may be elsewhere
                                options.keep_traces, options.deadlines};
    if (launcher && launcher->rank > 0) return follow({*launcher, command, nullptr}, started);
    std::optional<Launched> launched;
    if (launcher) launched = Launched{*launcher, command, place_for(*launcher, command, out)};
    const Json run = {
        {"schema", "isobatch-run/1"}, {"command", command}, {"version", ISOBATCH_VERSION}, {"trials", trials.size()}};
    std::vector<Record> records;
    if (options.resume)
        records = resume_run(options.output.directory, run);
    else
        start_run(options.output.directory, run);
    std::vector<Trial> left = trials;
    std::erase_if(left, [&](const Trial& trial) {
        return std::any_of(records.begin(), records.end(), [&](const Record& done) { return done.trial == trial; });
    });
    if (!records.empty())
        fmt::print(stderr, "{} of {} trials were finished already\n", trials.size() - left.size(), trials.size());
    Progress progress(static_cast<int>(left.size()), ::isatty(STDERR_FILENO) && !options.output.json);
    const auto run_left = [&](auto make_runner) {
        for (Record& record : run_all(left, options.jobs, make_runner, options.output.directory, progress))
            records.push_back(std::move(record));
    };
    const auto references = std::make_shared<References>();
    if (parse_exchange(options.engine).by_processes())
        run_left([&] { return RankGroup(started, references, launched); });
    else
        run_left([&] { return Worker(started); });
    progress.clear();
    return finish(assemble(command, std::move(records), options.allowed, notes_for(options, trials, launcher)),
                  options.output);
}

/// What every split trains, and how.
void add_training(CLI::App& command, CheckOptions& options) {
    CLI::Option* cover =
        command
            .add_option("--cover", options.cover,
                        "Instead of each with each: so few trials that any N choices (2: pairs) of case, "
                        "split, recipe, optimizer, lengths and one or two threads meet in one of them")
            ->check(CLI::PositiveNumber);
    command.add_option("--device", options.device, "cpu, cuda or cuda:N")->capture_default_str();
    command
        .add_option("--recipe", options.recipe,
                    "fp64, fp32, or fewer bits with gradients summed in fp32: bf16 (the model's parameters are rounded "
                    "to it), bf16-autocast, fp16-autocast (with a loss scale of 128); with --device cuda also tf32 "
                    "(products of fp32 numbers rounded to 11 bits)")
        ->capture_default_str();
    command.add_option("--lengths", options.lengths, "ragged or equal: scored units per row")->capture_default_str();
    command
        .add_option("--samples", options.samples,
                    "Size of the data set; 0: 2 11/16 windows, or 3 whole ones for equal lengths")
        ->capture_default_str();
    command.add_option("--epochs", options.epochs, "Epochs")->capture_default_str();
    command.add_option("--seed", options.seed, "Seed of data, weights and order")->capture_default_str();
    command.add_option("--optimizer", options.optimizer,
                       "Step with sgd, momentum, nesterov, adam or adamw instead of the case's own");
    command.add_option("--threads", options.threads, "Threads that an operator may use; the reference has one")
        ->check(CLI::Range(1, max_threads))
        ->capture_default_str();
    command.add_option("--identities", options.identities,
                       fmt::format("all, or some of {}: each judged window again as a twin that owes its bits; strict: "
                                   "sample by sample on a lattice where sums are exact, owes those of the reference",
                                   joined(known_identities(), ", ")));
    command
        .add_option("--trajectory", options.trajectory,
                    "Also compare the losses of a run that follows nothing with those of 8 or so trusted ones")
        ->check(CLI::Range(1, max_trusted_runs));
    command.add_option("--memory", options.memory,
                       "What the tensors of a rank may hold at a time, such as 24GiB: a split that asks for more is "
                       "out_of_memory (exit code 3)");
    command.add_option("--restart", options.restart, "After so many updates, go on in a new run from a checkpoint")
        ->check(CLI::PositiveNumber);
    command.add_option("--fault", options.fault,
                       "Plant a fault in every candidate, to see it found: ID or ID@TIMING, as isobatch faults lists");
    for (const char* drawn : drawn_options) cover->excludes(command.get_option(drawn));
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<CheckOptions>();
    CLI::App* command = app.add_subcommand(
        "check", "Run cases under every split of an effective batch and compare each with the single large batch");
    command->add_option("CASE", options->subjects, "Cases, such as lesson, mlp and gpt; isobatch doctor lists all")
        ->capture_default_str();
    options->effective_given =
        command->add_option("--effective", options->effective, "Effective batch: per_device × accum × devices")
            ->capture_default_str();
    command->add_option("--splits", options->splits, "all, or a list such as 16x1x1,4x4x1,4x2x2")
        ->capture_default_str();
    command->add_option("--max-devices", options->max_devices, "Largest number of devices, copies counted; 0: no bound")
        ->capture_default_str();
    command
        ->add_option("--copies", options->copies,
                     "Ranks for each of a split's devices, which hold the same samples, as those of a tensor-parallel "
                     "group do")
        ->capture_default_str();
    command
        ->add_option(
            "--engine", options->engine,
            "serial: ranks one after another in one process. gloo: a process a rank and PyTorch's DDP "
            "reducer; with options "
            "gloo:bucket=BYTES:unused:static:view, or gloo:flat for one all-reduce; gloo:flat:inner=DEVICES "
            "exchanges in groups of so many with every micro-batch, and among the groups after the last. nccl: the "
            "same between GPUs, one a rank, with --device cuda")
        ->capture_default_str();
    add_training(*command, *options);
    command->add_option("--allow-untested", options->allowed,
                        "A claim that may stay untested without making the run inconclusive");
    command->add_flag("--keep-traces", options->keep_traces,
                      "Write every trace, not only those that are not equivalent");
    command->add_flag(
        "--resume", options->resume,
        "Go on where the same command was interrupted in this run directory; crashed trials are repeated");
    command->add_option("--shard", options->shard,
                        "I/N: run the I-th of N parts of the matrix, for array jobs; isobatch report DIR… merges them");
    command
        ->add_option("--jobs", options->jobs,
                     "Trials at a time, each with processes of its own; with more than one, times are those of a busy "
                     "machine")
        ->check(CLI::Range(1, 1024))
        ->capture_default_str();
    command->add_option("--runner", options->runner,
                        "Worker program with your own cases; default: isobatch-run beside this program");
    add_deadlines(*command, options->deadlines);
    add_output(*command, options->output);
    command->callback([options, &exit_code] { exit_code = run_check(*options); });
}

}  // namespace isobatch
