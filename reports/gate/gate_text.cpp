#include "reports/gate/gate_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "reports/markdown.h"

namespace isobatch {

namespace {

constexpr std::size_t most_shown = 200;          ///< of one kind; the JSON holds all
constexpr std::size_t most_undecided_shown = 3;  ///< they differ by their digits only

std::string about(const Difference& one) {
    return one.trial.empty() ? std::string("the whole run") : one.trial;
}

/// `collectives  24 calls -> 48 calls  gpt --splits 4x2x2 …`
std::string line_of(const Difference& one) {
    return fmt::format("{}: {} -> {} in {}", to_string(one.aspect), printable(one.before), printable(one.after),
                       printable(about(one)));
}

std::string listed(std::string_view head, const char* colour, const std::vector<Difference>& all, std::size_t most) {
    std::string text;
    for (std::size_t i = 0; i < std::min(all.size(), most); ++i)
        text += fmt::format("{}{}{} {}\n  repeat: {}\n", colour, head, *colour ? "\x1b[0m" : "", line_of(all[i]),
                            printable(all[i].repro));
    if (all.size() > most) text += fmt::format("{} … and {} more\n", head, all.size() - most);
    return text;
}

/// The command that measures once more, into this directory: the option goes before a `--` that ends the options.
std::string into(const std::string& command, const std::string& directory) {
    const std::size_t name = command.find(' '), end = command.find(' ', name + 1);
    if (name == std::string::npos || end == std::string::npos) return command + " --out " + directory;
    return command.substr(0, end) + " --out " + directory + command.substr(end);
}

std::string gate_command(const GateFiles& files, const std::vector<std::string>& more, const std::string& baseline) {
    std::vector<std::string> directories = files.directories;
    directories.insert(directories.end(), more.begin(), more.end());
    return fmt::format("isobatch gate {} --baseline {}", joined(directories, " "), baseline);
}

/// What decides what is undecided: sentences, and commands to copy.
struct Next {
    std::string sentence;
    std::vector<std::string> commands;
};

Next next_of(const Gate& gate, const GateFiles& files) {
    if (gate.foreign)
        return {
            "Keep a baseline for this machine, clock and these libraries in a file of its own, or allow it: "
            "--allow-untested throughput",
            {gate_command(files, {}, files.baseline + ".here") + " --approve"}};
    if (gate.then_missing > 0)
        return {fmt::format("The baseline takes {} more run{}: measure what is approved as often, and approve all "
                            "runs together; or allow it: --allow-untested throughput",
                            gate.then_missing, gate.then_missing == 1 ? "" : "s"),
                {}};
    // Twice as many leave 0.7 times as much to chance.
    const std::size_t more = gate.now_missing > 0 ? gate.now_missing : files.directories.size();
    Next next{"Measure again and hold all runs against the baseline; or allow it: --allow-untested throughput", {}};
    std::vector<std::string> fresh;
    for (std::size_t i = 1; i <= more; ++i) {
        fresh.push_back(fmt::format("{}-{}", files.directories.front(), files.directories.size() + i));
        next.commands.push_back(into(gate.command, fresh.back()));
    }
    next.commands.push_back(gate_command(files, fresh, files.baseline));
    return next;
}

}  // namespace

std::string gate_text(const Gate& gate, const GateFiles& files, bool colour) {
    const bool red = gate.exit_code() == 1 || gate.exit_code() == 3;
    const char* tint = !colour ? "" : red ? "\x1b[31m" : gate.exit_code() == 4 ? "\x1b[33m" : "\x1b[32m";
    std::string text = fmt::format("{}{}{}\n", tint, gate.summary(), colour ? "\x1b[0m" : "");
    for (const std::string& note : gate.notes) text += printable(note) + "\n";
    text += listed("worse", colour ? "\x1b[31m" : "", gate.regressed, most_shown);
    text += listed("undecided", colour ? "\x1b[33m" : "", gate.undecided, most_undecided_shown);
    for (std::size_t i = 0; i < std::min(gate.better.size(), most_shown); ++i)
        text += fmt::format("better {}\n", line_of(gate.better[i]));
    if (!gate.better.empty())
        text +=
            fmt::format("To keep what is better: {} --approve\n", printable(gate_command(files, {}, files.baseline)));
    if (gate.undecided.empty()) return text;
    const Next next = next_of(gate, files);
    text += next.sentence + "\n";
    for (const std::string& command : next.commands) text += fmt::format("  {}\n", printable(command));
    return text;
}

std::string gate_page(const Gate& gate, const GateFiles& files) {
    std::string text = fmt::format("## isobatch gate: {}\n\n", markdown_text(gate.summary()));
    for (const std::string& note : gate.notes) text += fmt::format("{}\n\n", markdown_text(note));
    const auto rows = [&](std::string_view head, const std::vector<Difference>& all) {
        if (all.empty()) return;
        text += fmt::format("| {} | before | now | trial |\n| --- | --- | --- | --- |\n", head);
        for (std::size_t i = 0; i < std::min(all.size(), most_shown); ++i)
            text += fmt::format("| {} | {} | {} | {} |\n", to_string(all[i].aspect), markdown_text(all[i].before),
                                markdown_text(all[i].after), markdown_text(about(all[i])));
        if (all.size() > most_shown) text += fmt::format("\n{} of {} are shown.\n", most_shown, all.size());
        text += "\n";
    };
    rows("worse", gate.regressed);
    rows("undecided", gate.undecided);
    rows("better", gate.better);
    if (!gate.regressed.empty()) text += "To repeat the first:\n\n" + command_block(gate.regressed.front().repro);
    if (gate.undecided.empty()) return text;
    const Next next = next_of(gate, files);
    text += markdown_text(next.sentence) + "\n\n";
    for (const std::string& command : next.commands) text += command_block(command);
    return text;
}

std::string gate_annotations(const Gate& gate) {
    std::string text;
    for (std::size_t i = 0; i < std::min(gate.regressed.size(), most_annotations); ++i)
        text += annotation("error", "regressed",
                           fmt::format("{} Repeat: {}", line_of(gate.regressed[i]), gate.regressed[i].repro));
    if (gate.open()) text += annotation("warning", "undecided", gate.summary());
    return text;
}

std::string approval_text(const std::optional<Gate>& difference, const Baseline& now, const GateFiles& files) {
    std::string text;
    if (difference) {
        for (const std::string& note : difference->notes) text += printable(note) + "\n";
        text += listed("worse", "", difference->regressed, most_shown);
        for (std::size_t i = 0; i < std::min(difference->better.size(), most_shown); ++i)
            text += fmt::format("better {}\n", line_of(difference->better[i]));
        if (difference->regressed.empty() && difference->better.empty())
            text += "Nothing is worse and nothing is better than in the baseline.\n";
    }
    return text + fmt::format("{} would hold {} trials of {} run{}: {}\n", printable(files.baseline), now.trials.size(),
                              files.directories.size(), files.directories.size() == 1 ? "" : "s",
                              printable(now.summary));
}

}  // namespace isobatch
