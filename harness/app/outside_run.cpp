#include "app/outside_run.h"

#include <cstdlib>
#include <map>
#include <span>

#include <fmt/format.h>

#include "app/commands.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "judge/stream.h"
#include "trace/read.h"

namespace isobatch {

namespace {

namespace fs = std::filesystem;

/// The split's own folder, which the script may use as it likes.
fs::path folder_of(const OutsideCommand& command, const Split& split) {
    return fs::absolute(command.directory / "splits" / to_string(split));
}

fs::path config_of(const OutsideCommand& command, const Split& split) {
    return folder_of(command, split) / command.config.filename();
}

Placeholders placeholders_of(const OutsideCommand& command, const Split& split) {
    Placeholders values{{"per_device", std::to_string(split.per_device)},
                        {"accum", std::to_string(split.accum)},
                        {"devices", std::to_string(split.devices)},
                        {"effective", std::to_string(split.effective())},
                        {"out", folder_of(command, split).string()}};
    if (!command.config.empty()) values.emplace_back("config", config_of(command, split).string());
    return values;
}

std::string filled_config(const OutsideCommand& command, const Split& split) {
    Placeholders values = placeholders_of(command, split);
    values.pop_back();  // the file does not name itself
    return filled(MappedFile::open(command.config)->text(), values, command.config.string());
}

std::map<std::string, std::string> environment_of(const OutsideCommand& command, const Split& split) {
    std::map<std::string, std::string> variables;
    for (const std::string& entry : command.environment) {
        const auto at = entry.find('=');
        if (at == std::string::npos || at == 0)
            throw Error(fmt::format("\"{}\" sets no variable", printable(entry.substr(0, 80))), "--env",
                        "write KEY=VALUE, such as GA={accum}");
        variables[entry.substr(0, at)] = filled(entry.substr(at + 1), placeholders_of(command, split), "--env");
    }
    return variables;
}

/// Whether the user's own command starts the ranks.
bool launches(const OutsideCommand& command) {
    return has_placeholder(joined(command.words, " "), "devices");
}

/// `python SCRIPT …` under torchrun's module of the same Python, or as it is.
std::vector<std::string> words_of(const OutsideCommand& command, const Split& split) {
    std::vector<std::string> words;
    for (const std::string& word : command.words)
        words.push_back(filled(word, placeholders_of(command, split), "COMMAND"));
    if (split.devices == 1 || launches(command)) return words;
    const std::vector<std::string> torchrun{"-m", "torch.distributed.run", "--standalone", "--nproc-per-node",
                                            std::to_string(split.devices)};
    words.insert(words.begin() + 1, torchrun.begin(), torchrun.end());
    return words;
}

/// What each rank left of its manifest, by the time at which it ended; those that are not there did not end.
std::multimap<double, Json> parts_of(const fs::path& trace, std::int64_t ranks) {
    std::multimap<double, Json> parts;
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
        const fs::path path = trace / fmt::format("rank{}.part", rank);
        if (!fs::exists(path)) continue;
        const Json part = parse_json(MappedFile::open(path)->text(), path.string());
        reading(path.string(), [&] {
            part.at(1).at("ended"), part.at(1).at("files");
            parts.emplace(part.at(0).get<double>(), part.at(1));
        });
    }
    return parts;
}

/// How a rank failed; empty where it did not.
std::string failure_in(const Json& part) {
    const Json& ended = part.at("ended");
    return ended.is_object() ? ended.at("crashed").at("message").get<std::string>() : "";
}

/// What failed first of the ranks that left their part of a trace, which the others never completed; empty for nothing.
std::string first_failure(const fs::path& trace, std::int64_t ranks) {
    for (const auto& [time, part] : parts_of(trace, ranks))
        if (const std::string failure = failure_in(part); !failure.empty()) return failure;
    return {};
}

/// Puts the manifest over the parts of all ranks, where their writer is one that reads no JSON (trace_writer.h).
void join_parts(const fs::path& trace, std::int64_t ranks) {
    const std::multimap<double, Json> parts = parts_of(trace, ranks);
    if (fs::exists(trace / "manifest.json") || std::ssize(parts) < ranks) return;
    Json whole = parts.begin()->second;
    for (const auto& [time, part] : parts) {
        whole["files"].update(part.at("files"));
        if (failure_in(whole).empty()) whole["ended"] = part.at("ended");
    }
    whole.erase("manifest_digest");  // of the part alone
    std::string text = whole.dump();
    text.pop_back();
    const std::string digest = crc32_digest(std::as_bytes(std::span(text)));
    write_file(trace / "manifest.json", fmt::format("{},\"manifest_digest\":\"{}\"}}\n", text, digest));
    for (std::int64_t rank = 0; rank < ranks; ++rank) fs::remove(trace / fmt::format("rank{}.part", rank));
}

/// The split must reach the script somehow, or all runs are one and the same.
void require_placeholders(const OutsideCommand& command) {
    std::string text = joined(command.words, " ") + " " + joined(command.environment, " ");
    if (!command.config.empty()) text += " " + std::string(MappedFile::open(command.config)->text());
    for (const char* name : {"per_device", "accum"})
        if (!has_placeholder(text, name))
            throw Error(fmt::format("the command has no {{{}}}", name), printable(joined(command.words, " ")),
                        "write the script's own option with it, such as --bs {per_device} --ga {accum}; or in --env or "
                        "in the file that --config names");
    if (!command.config.empty() &&
        !has_placeholder(joined(command.words, " ") + joined(command.environment, " "), "config") &&
        !has_placeholder(joined(command.words, " "), "out"))
        throw Error(
            fmt::format("the command has no {{config}}, the path of the filled {}", command.config.filename().string()),
            printable(joined(command.words, " ")),
            "write it where the script takes its file, such as --config {config}");
}

}  // namespace

void require_startable(const OutsideCommand& command, const std::vector<Split>& splits) {
    const std::vector<std::string>& words = command.words;
    const bool script = words.size() > 1 && fs::path(words[0]).filename().string().starts_with("python") &&
                        (!words[1].starts_with("-") || words[1] == "-m");
    for (const Split& split : splits) {
        words_of(command, split), environment_of(command, split);  // for what is wrong in them
        if (!command.config.empty()) filled_config(command, split);
    }
    require_placeholders(command);
    for (const Split& split : splits)
        if (split.devices > 1 && !launches(command) && !script)
            throw Error(
                fmt::format("{} ranks of \"{}\" cannot be started", split.devices, printable(words[0].substr(0, 80))),
                "COMMAND",
                "write python SCRIPT …, or your own launcher with {devices}, such as torchrun --nproc-per-node "
                "{devices}");
}

fs::path states_of(const OutsideCommand& command) {
    return fs::absolute(command.directory / "states");
}

OutsideRun::OutsideRun(const OutsideCommand& command, const Split& split, bool reference)
    : command_(&command), reference_(reference) {
    trial_.subject = "outside";
    trial_.engine = "outside";
    trial_.recipe = Recipe::fp32;
    trial_.split = split;
    trial_.samples = split.effective();
    trial_.epochs = 1;
    trace_ = command.directory / "traces" / (file_name(trial_) + ".trace");
    log_ = command.directory / "logs" / (to_string(split) + ".log");
}

void OutsideRun::start() {
    const char* path = std::getenv("PYTHONPATH");
    const std::string recorder = (program_folder() / "recorder").string();
    const Split& split = trial_.split;
    const bool columns = split.per_device == 1 && split.devices == 1;
    fs::remove_all(trace_);  // of an earlier run in the same directory
    make_directory(folder_of(*command_, split));
    if (!command_->config.empty()) write_file(config_of(*command_, split), filled_config(*command_, split));
    std::map<std::string, std::string> environment = environment_of(*command_, split);
    const auto own = environment.find("PYTHONPATH");
    const std::string rest = own != environment.end() ? own->second : path ? path : "";
    environment["PYTHONPATH"] = rest.empty() ? recorder : recorder + ":" + rest;
    environment.emplace("OMP_NUM_THREADS", "1");  // the last bits depend on the number of threads
    environment["ISOBATCH_TRACE"] = fs::absolute(trace_).string();
    environment["ISOBATCH_TRIAL"] = to_string(trial_);
    environment["ISOBATCH_SPLIT"] = to_string(split);
    environment["ISOBATCH_STEPS"] = command_->steps ? std::to_string(command_->steps) : "";
    environment["ISOBATCH_LEVEL"] = columns && command_->level == "grads" ? "full" : command_->level;
    if (command_->follow)
        environment[reference_ ? "ISOBATCH_LEAVE" : "ISOBATCH_FOLLOW"] = states_of(*command_).string();
    process_ = std::make_unique<Process>(Launch{words_of(*command_, split), std::move(environment), log_, false});
}

void OutsideRun::wait() {
    exit_ = process_->wait(Process::Seconds(command_->deadline_s));
    timed_out_ = process_->timed_out();
    if (!timed_out_) join_parts(trace_, trial_.split.devices);
}

std::string OutsideRun::failure() const {
    if (timed_out_)
        return fmt::format("no end within {} s: set --deadline, or see what it waits for", command_->deadline_s);
    const auto failed = [&](const std::string& message) {  // which a script may have made of any bytes
        return fmt::format("the script failed ({}): {}", to_string(exit_), printable(message));
    };
    if (!fs::exists(trace_ / "manifest.json")) {
        if (const std::string first = first_failure(trace_, trial_.split.devices); !first.empty()) return failed(first);
        if (fs::exists(trace_)) return fmt::format("not every rank ended what it recorded ({})", to_string(exit_));
        return fmt::format("the script recorded nothing ({}): is it Python with torch?", to_string(exit_));
    }
    const Trace found = read_trace(trace_);
    if (!found.manifest.ended.complete) return failed(found.manifest.ended.message);
    // One that the recorder ended may have caught that: then its exit code says nothing.
    return exit_.ok() || !stream_of(found).ended ? std::string()
                                                 : fmt::format("the script failed ({})", to_string(exit_));
}

}  // namespace isobatch
