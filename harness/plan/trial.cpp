#include "plan/trial.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "plan/exchange.h"
#include "plan/identity.h"

namespace isobatch {

std::string to_string(Lengths lengths) {
    switch (lengths) {
        case Lengths::ragged:
            return "ragged";
        case Lengths::equal:
            return "equal";
    }
    broken_promise("lengths", "unknown lengths", __FILE__, __LINE__);
}

Lengths parse_lengths(std::string_view text) {
    if (text == "ragged") return Lengths::ragged;
    if (text == "equal") return Lengths::equal;
    throw Error(fmt::format("unknown lengths \"{}\"", printable(text)), "--lengths", "choose ragged or equal");
}

std::string to_string(const Trial& trial) {
    std::string text = fmt::format(
        "{} --splits {} --engine {} --device {} --recipe {} --seed {} --samples {} --lengths {} --epochs {}",
        trial.subject, to_string(trial.split), trial.engine, trial.device, to_string(trial.recipe), trial.seed,
        trial.samples, to_string(trial.lengths), trial.epochs);
    if (trial.copies > 1) text += fmt::format(" --copies {}", trial.copies);
    if (!trial.optimizer.empty()) text += " --optimizer " + trial.optimizer;
    if (trial.threads > 1) text += fmt::format(" --threads {}", trial.threads);
    if (!trial.identities.empty()) text += " --identities " + trial.identities;
    if (trial.trajectory > 0) text += fmt::format(" --trajectory {}", trial.trajectory);
    if (trial.memory > 0) text += fmt::format(" --memory {}", trial.memory);
    if (trial.restart > 0) text += fmt::format(" --restart {}", trial.restart);
    if (!trial.fault.empty()) text += " --fault " + trial.fault;
    return text;
}

namespace {

std::int64_t number_option(const std::string& option, const std::string& value, std::int64_t lowest,
                           std::int64_t highest) {
    const auto number = whole_number(value);
    if (!number || *number < lowest || *number > highest)
        throw Error(fmt::format("{} is \"{}\"", option, printable(value)), "trial",
                    fmt::format("give a whole number from {} to {}", lowest, highest));
    return *number;
}

std::string known_optimizer(const std::string& value) {
    if (std::find(optimizers.begin(), optimizers.end(), value) != optimizers.end()) return value;
    throw Error(fmt::format("unknown optimizer \"{}\"", printable(value)), "--optimizer",
                fmt::format("choose {}", joined({optimizers.begin(), optimizers.end()}, ", ")));
}

std::string known_identities(const std::string& value) {
    if (value.empty()) throw Error("no identity is named", "--identities", "give all, or names between commas");
    parse_identities(value);
    return value;
}

/// Only where a process is one rank is it known what a rank holds.
void require_bound(const Trial& trial) {
    if (trial.memory == 0) return;
    if (!parse_exchange(trial.engine).by_processes() && (trial.split.devices > 1 || trial.copies > 1))
        throw Error(fmt::format("the serial engine runs the ranks of {} in one process, so that what one of them holds "
                                "cannot be bounded",
                                to_string(trial.split)),
                    fmt::format("--memory {}", trial.memory),
                    "choose --engine gloo, or one device without --copies: check --max-devices 1");
}

void set_option(Trial& trial, const std::string& option, const std::string& value) {
    if (option == "--splits")
        trial.split = parse_split(value);
    else if (option == "--engine")
        trial.engine = value;
    else if (option == "--device")
        trial.device = value;
    else if (option == "--recipe")
        trial.recipe = parse_recipe(value);
    else if (option == "--seed")
        trial.seed =
            static_cast<std::uint64_t>(number_option(option, value, 0, std::numeric_limits<std::int64_t>::max()));
    else if (option == "--samples")
        trial.samples = number_option(option, value, 1, 1 << 24);
    else if (option == "--lengths")
        trial.lengths = parse_lengths(value);
    else if (option == "--epochs")
        trial.epochs = static_cast<int>(number_option(option, value, 1, 1000));
    else if (option == "--copies")
        trial.copies = static_cast<int>(number_option(option, value, 1, max_copies));
    else if (option == "--optimizer")
        trial.optimizer = known_optimizer(value);
    else if (option == "--threads")
        trial.threads = static_cast<int>(number_option(option, value, 1, max_threads));
    else if (option == "--identities")
        trial.identities = known_identities(value);
    else if (option == "--trajectory")
        trial.trajectory = static_cast<int>(number_option(option, value, 1, max_trusted_runs));
    else if (option == "--memory")
        trial.memory = parse_bytes(value, option);
    else if (option == "--restart")
        trial.restart = static_cast<int>(number_option(option, value, 1, 1 << 24));
    else if (option == "--fault")
        trial.fault = value;
    else
        throw Error(fmt::format("unknown option \"{}\"", printable(option)), "trial", "see isobatch check --help");
}

}  // namespace

Trial parse_trial(std::string_view text) {
    const std::vector<std::string> words = pieces(text, ' ');
    Trial trial;
    trial.subject = words[0];
    if (trial.subject.empty() || trial.subject.starts_with("-"))
        throw Error("a trial starts with the name of a case", fmt::format("trial \"{}\"", printable(text)),
                    "write CASE --splits …");
    if (words.size() % 2 == 0)
        throw Error(fmt::format("option \"{}\" has no value", printable(words.back())), "trial",
                    "write OPTION VALUE pairs");
    for (std::size_t i = 1; i + 1 < words.size(); i += 2) set_option(trial, words[i], words[i + 1]);
    if (sums_narrow(trial.recipe) && trial.engine != "outside")
        throw Error("gradients that are summed in few bits are an outside trainer's, not a case's",
                    "--recipe " + to_string(trial.recipe), "choose another recipe, such as " + to_string(Recipe::bf16));
    if (needs_gpu(trial.recipe) && trial.device == "cpu" && trial.engine != "outside")
        throw Error("TF32 is a format of a GPU's products, and the CPU has none of it",
                    "--recipe " + to_string(trial.recipe), "add --device cuda, or choose --recipe fp32");
    require_bound(trial);
    return trial;
}

std::string file_name(const Trial& trial) {
    std::string name = fmt::format("{}-{}-{}-{}-{}", trial.subject, to_string(trial.split), trial.engine, trial.device,
                                   to_string(trial.recipe));
    if (!trial.fault.empty()) name += "-" + trial.fault;
    for (char& c : name)
        if (!(c == '-' || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
            c = '_';
    return fmt::format("{}-{}", name.substr(0, 120), xxh3_digest(to_string(trial)).substr(5));
}

Trial reference_of(const Trial& trial, bool couples_samples) {
    Trial reference = trial;
    const auto& [per_device, accum, devices] = trial.split;
    reference.split = couples_samples ? Split{per_device, accum * devices, 1} : Split{trial.split.effective(), 1, 1};
    reference.engine = "serial";
    reference.copies = reference.threads = 1;
    reference.fault.clear();
    reference.identities.clear();
    reference.memory = 0;
    reference.restart = 0;
    return reference;
}

std::string reference_name(const Trial& reference, bool by_units) {
    return "reference-" + file_name(reference) + (by_units ? "-units" : "");
}

std::string matrix_of(const Trial& trial) {
    Trial common = trial;
    common.split = {trial.split.effective(), 1, 1};
    return to_string(common);
}

bool before(const Trial& a, const Trial& b) {
    const std::string x = matrix_of(a), y = matrix_of(b);
    return x != y ? x < y : a.split > b.split;
}

std::int64_t default_samples(std::int64_t effective, Lengths lengths) {
    return lengths == Lengths::equal ? 3 * effective : std::max<std::int64_t>(1, 43 * effective / 16);
}

}  // namespace isobatch
