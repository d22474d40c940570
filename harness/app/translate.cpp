#include <memory>

#include <fmt/format.h>

#include "app/commands.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "plan/translation_text.h"

namespace isobatch {

namespace {

std::string known_dialects() {
    std::vector<std::string> known;
    for (const Dialect& one : dialects()) known.emplace_back(one.id);
    return joined(known, ", ");
}

/// The dialects to write: the one that was asked for, or all but the one that was read.
std::vector<const Dialect*> targets(const Dialect& from, const std::string& to) {
    if (!to.empty()) return {&dialect(to)};
    std::vector<const Dialect*> all;
    for (const Dialect& one : dialects())
        if (&one != &from) all.push_back(&one);
    return all;
}

}  // namespace

void add_translate(CLI::App& app, int& exit_code) {
    struct Options {
        std::string from, to;
        std::vector<std::string> words;
        std::filesystem::path file;
        Beside asked;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("translate", "Say an effective batch and its intervals in the names of other frameworks");
    command->add_option("FROM", options->from, "Whose names are given: " + known_dialects())->required();
    command->add_option("SETTINGS", options->words,
                        "NAME=VALUE in the words of FROM, or after -- the options of a launch command as they stand");
    command->add_option(
        "--file", options->file,
        "Read the names from this configuration: JSON, or lines NAME = VALUE under [SECTION] as in TOML");
    command->add_option("--to", options->to, "Whose names to write (default: everybody's)");
    const auto count = [&](const char* name, std::int64_t& value, const char* meaning) {
        command->add_option(name, value, meaning)->check(CLI::Range(std::int64_t{1}, max_effective));
    };
    count("--effective", options->asked.effective, "Effective batch, where FROM leaves it open");
    count("--devices", options->asked.devices, "How many devices there are, copies counted");
    count("--copies", options->asked.copies,
          "Devices that hold the same samples, as those of a tensor-parallel group do");
    command->add_flag("--json", options->json, "Print a JSON object");
    command->callback([options, &exit_code] {
        const Dialect& from = dialect(options->from);
        std::vector<Setting> settings;
        if (!options->file.empty())
            settings = settings_of_text(MappedFile::open(options->file)->text(), options->file.string());
        for (Setting& setting : settings_of_words(options->words)) settings.push_back(std::move(setting));
        const Translation translation = translated(from, settings, options->asked);
        const std::vector<const Dialect*> to = targets(from, options->to);
        if (options->json)
            fmt::print("{}\n", translation_json(from, translation, to).dump(1));
        else
            fmt::print("{}", translation_text(from, translation, to));
        exit_code = 0;
    });
}

}  // namespace isobatch
