#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "app/commands.h"
#include "app/search.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "measure/choice.h"
#include "plan/isobatch.h"
#include "plan/mesh.h"
#include "plan/multiples.h"
#include "plan/patterns.h"
#include "reports/cost_fit.h"
#include "reports/run_directory.h"

namespace isobatch {

namespace {

struct Options {
    std::int64_t effective = 16, devices = 0, max_devices = 0, copies = 1;
    std::string memory, measure, runner;
    std::filesystem::path from;
    Output output;
    bool patterns = false;
};

/// The numbers of devices around one that cannot share the batch.
std::string devices_beside(std::int64_t effective, std::int64_t places) {
    std::int64_t below = 1, above = effective;
    for (const std::int64_t divisor : divisors(effective)) {
        if (divisor < places) below = divisor;
        if (divisor > places) {
            above = divisor;
            break;
        }
    }
    return fmt::format("; or share {} by {} or {} data-parallel devices", effective, below, above);
}

std::vector<Split> splits_for(const Options& options) {
    const std::int64_t most = places_in(options.max_devices, options.copies);
    // A rounded share would train another batch than was asked for, so that what does not divide is an error.
    if (options.devices % options.copies != 0)
        throw Error(
            fmt::format("{} devices are no whole number of groups of {} copies", options.devices, options.copies),
            "--devices", multiples_beside(options.devices, options.copies));
    const std::int64_t places = options.devices / options.copies;
    std::vector<Split> splits;
    for (const Split& split : splits_of({.effective = options.effective, .max_devices = most}))
        if (places == 0 || split.devices == places) splits.push_back(split);
    if (!splits.empty()) return splits;
    if (most > 0 && places > most)
        throw Error(fmt::format("{} data-parallel devices, of at most {}", places, most), "--max-devices",
                    "raise --max-devices, or lower --devices");
    throw Error(fmt::format("effective batch {} cannot be shared evenly by {} data-parallel devices", options.effective,
                            places),
                "--effective",
                multiples_beside(options.effective, places) +
                    (places < options.effective ? devices_beside(options.effective, places) : ""));
}

/// Of the one matrix that a run directory has.
CostModel model_from(const std::filesystem::path& directory) {
    const Result run = read_runs({directory});
    const auto matrices = matrices_of(run.records);
    if (matrices.size() != 1)
        throw Error(fmt::format("{} holds {} matrices of trials", directory.string(), matrices.size()), "--from",
                    "give a run of one case with one engine and one recipe");
    return cost_model_of(matrices[0]);
}

void print_list(const std::vector<Split>& splits, bool json) {
    Json list = Json::array();
    for (const Split& split : splits) {
        list.push_back(to_string(split));
        if (!json) fmt::print("{}\n", to_string(split));
    }
    if (json) fmt::print("{}\n", list.dump());
}

void print_ranked(const Options& options, const std::vector<Split>& splits) {
    const CostModel model = model_from(options.from);
    const std::int64_t limit = options.memory.empty() ? 0 : parse_bytes(options.memory, "--memory");
    const std::vector<Choice> choices = ranked(model, splits, limit);
    const std::optional<Split> best = recommended(choices);
    if (options.output.json) {
        const Json answer{{"fit", to_json(model)},
                          {"splits", to_json(choices)},
                          {"recommended", best ? Json(to_string(*best)) : Json()}};
        fmt::print("{}\n", answer.dump(1));
    } else {
        fmt::print("{}\n{}", to_string(model), to_string(choices, limit));
        if (model.simulated)
            fmt::print("The run simulated its devices one after another in one process, and so do these times{}.\n",
                       model.processors ? ", which are those of the processor: what waits takes none" : "");
    }
    if (limit > 0 && choices[0].fits == Fits::no)
        throw Error(fmt::format("no split of {} fits {}", options.effective, bytes_text(static_cast<double>(limit))),
                    "--memory",
                    fmt::format("the smallest, {}, takes {}: give more memory, or a smaller model",
                                to_string(splits.back()), bytes_text(memory_bytes(model, splits.back())->value)));
}

/// The search that was asked for, with what it assumes spelled out. Checks all of it before anything runs.
Search search_for(Options& options) {
    if (options.memory.empty())
        throw Error("a search needs to know what there is", "--memory",
                    "give what one device has, such as 24GiB: Linux ends who asks for more than the machine has, "
                    "instead of telling");
    const std::vector<std::string> words = pieces(options.measure, ' ');
    for (const char* own : {"--splits", "--memory", "--copies"})
        if (std::find(words.begin(), words.end(), own) != words.end())
            throw Error(fmt::format("{} is what the search sets", own), "--measure",
                        "leave it out there: isobatch plan has --effective, --devices, --memory and --copies");
    if (options.devices == 0) options.devices = options.copies;
    Search search{parse_trial(options.measure), splits_for(options), {}, options.runner, options.output};
    Trial& trial = search.trial;
    trial.split = search.splits.back();
    trial.copies = static_cast<int>(options.copies);
    trial.memory = parse_bytes(options.memory, "--memory");
    if (std::find(words.begin(), words.end(), "--samples") == words.end())
        trial.samples = default_samples(options.effective, trial.lengths);
    trial = parse_trial(to_string(trial));  // refuses what no trial may hold
    mesh_of(trial);                         // refuses what no machine has
    search.command = fmt::format("isobatch plan --effective {} --devices {} --copies {} --memory {} --measure '{}'",
                                 options.effective, options.devices, options.copies, options.memory, options.measure);
    return search;
}

}  // namespace

void add_plan(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("plan", "List every split of an effective batch, with --from ranked by what a run cost");
    command->add_option("--effective", options->effective, "Effective batch: per_device × accum × devices")
        ->capture_default_str();
    command->add_option("--devices", options->devices, "Exactly this many devices, copies counted; 0: any")
        ->check(CLI::Range(std::int64_t{0}, max_ranks));
    command->add_option("--max-devices", options->max_devices, "At most this many, copies counted; 0: no bound");
    command
        ->add_option("--copies", options->copies,
                     "Devices that hold the same samples, as those of a tensor-parallel group do")
        ->capture_default_str();
    CLI::Option* from = command->add_option(
        "--from", options->from,
        "Predict time and memory of every split from what this run directory measured, and rank them");
    CLI::Option* measure = command->add_option(
        "--measure", options->measure,
        "Find the largest per_device that fits --memory by training: a case with options of isobatch check, such as "
        "'gpt --recipe fp32'. Several --devices take --engine gloo there");
    command->add_option("--runner", options->runner, "Worker program with your own cases, for --measure")
        ->needs(measure);
    command->add_option(
        "--memory", options->memory,
        "What one device has, such as 24GiB: with --from, only what fits is recommended; with --measure, "
        "what a trial's tensors may hold at a time");
    CLI::Option* patterns =
        command->add_flag("--patterns", options->patterns,
                          "Instead, judge four common patterns (7B to 70B parameters) by stated assumptions on memory");
    measure->excludes(from)->excludes(patterns);
    command->add_option("--out", options->output.directory, "Run directory of the trials of --measure")
        ->needs(measure)
        ->capture_default_str();
    command->add_flag("--json", options->output.json,
                      "Print JSON: a list of splits, or with --from or --measure an object");
    command->callback([options, measure, &exit_code] {
        exit_code = 0;
        if (!options->memory.empty() && options->from.empty() && measure->count() == 0)
            throw Error("a list of splits has no bytes that could fit", "--memory",
                        "give --from with a run directory, or --measure with a case");
        if (options->patterns)
            fmt::print("{}", options->output.json ? patterns_json().dump(1) + "\n" : patterns_text());
        else if (measure->count() > 0)
            exit_code = search(search_for(*options));
        else if (options->from.empty())
            print_list(splits_for(*options), options->output.json);
        else
            print_ranked(*options, splits_for(*options));
    });
}

}  // namespace isobatch
