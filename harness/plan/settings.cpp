#include "plan/settings.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace isobatch {

namespace {

constexpr const char* command_line = "the command line";

std::string shown(std::string_view text) {
    return printable(text.substr(0, 80));
}

void add_json(std::vector<Setting>& settings, const std::string& name, const Json& value, const std::string& where) {
    if (value.is_object())
        for (const auto& [key, inner] : value.items())
            add_json(settings, name.empty() ? key : name + "." + key, inner, where);
    else
        settings.push_back({name, value.is_string() ? value.get<std::string>() : value.dump(), where});
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// A value of a line: its quotes are taken off, and what follows them; otherwise a comment ends it.
std::string_view bare(std::string_view value) {
    for (const char quote : {'"', '\''})
        if (value.starts_with(quote))
            if (const auto end = value.find(quote, 1); end != std::string_view::npos) return value.substr(1, end - 1);
    return trimmed(value.substr(0, value.find('#')));
}

std::vector<Setting> settings_of_lines(std::string_view text, const std::string& where) {
    std::vector<Setting> settings;
    std::string section;
    int number = 0;
    for (const std::string& whole : pieces(text, '\n')) {
        ++number;
        const std::string_view line = trimmed(whole);
        if (line.empty() || line[0] == '#') continue;
        if (line[0] == '[') {
            const auto end = line.find(']');
            section = end == std::string_view::npos ? "" : std::string(trimmed(line.substr(1, end - 1))) + ".";
            continue;
        }
        const auto equals = line.find('=');
        if (equals == std::string_view::npos || equals == 0)
            throw Error(fmt::format("\"{}\" is no NAME = VALUE", shown(line)), fmt::format("{}:{}", where, number),
                        "give JSON, or lines NAME = VALUE under [SECTION], or words NAME=VALUE");
        settings.push_back({section + std::string(trimmed(line.substr(0, equals))),
                            std::string(bare(trimmed(line.substr(equals + 1)))), where});
    }
    return settings;
}

}  // namespace

std::vector<Setting> settings_of_text(std::string_view text, const std::string& where) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || text[first] != '{') return settings_of_lines(text, where);
    std::vector<Setting> settings;
    add_json(settings, "", parse_json(text, where), where);
    return settings;
}

std::vector<Setting> settings_of_words(const std::vector<std::string>& words) {
    std::vector<Setting> settings;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        const bool option = word.starts_with("--");
        const std::string rest = word.substr(option ? 2 : 0);
        const auto equals = rest.find('=');
        if (rest.empty() || equals == 0 || (!option && equals == std::string::npos))
            throw Error(fmt::format("\"{}\" is no NAME=VALUE", shown(word)), command_line,
                        "give names as NAME=VALUE, or a launch command's own --NAME VALUE after --");
        if (equals != std::string::npos)
            settings.push_back({rest.substr(0, equals), rest.substr(equals + 1), command_line, !option});
        else if (i + 1 < words.size() && !words[i + 1].starts_with("--"))
            settings.push_back({rest, words[++i], command_line});
        else
            settings.push_back({rest, "true", command_line});
    }
    return settings;
}

}  // namespace isobatch
