#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace isobatch {

/// A name that somebody's configuration gives a value.
struct Setting {
    std::string name;   ///< names inside names are joined by points: `scheduler.params.warmup_num_steps`
    std::string value;  ///< as it was written, without quotes
    std::string where;  ///< a file, or the command line
    bool typed =
        false;  ///< for this command alone: `name=value`. What comes from elsewhere may hold names of no concern

    bool operator==(const Setting&) const = default;
};

/// Of a file: JSON where it starts with a brace, else lines `name = value` under `[section]` heads with `#` comments,
/// as TOML has them. Throws Error on anything else.
std::vector<Setting> settings_of_text(std::string_view text, const std::string& where);

/// Of a command line: `name=value` typed for this command, or `--name value`, `--name=value` and `--switch` as they
/// stand in a launch command. Throws Error on other words.
std::vector<Setting> settings_of_words(const std::vector<std::string>& words);

}  // namespace isobatch
