#include "base/placeholders.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

/// The name between the braces that begin at `at`; empty where they hold anything but a name.
std::string_view name_at(std::string_view text, std::size_t at) {
    const auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at + 1);
    const bool closed = end != std::string_view::npos && end > at + 1 && text[end] == '}';
    return closed ? text.substr(at + 1, end - at - 1) : std::string_view();
}

/// Where the next name in braces begins that no other language claims; npos where there is none.
std::size_t next_name(std::string_view text, std::size_t from) {
    for (std::size_t at = text.find('{', from); at != std::string_view::npos; at = text.find('{', at + 1)) {
        const std::string_view name = name_at(text, at);
        const char before = at > 0 ? text[at - 1] : ' ';
        if (!name.empty() && before != '{' && before != '$') return at;
    }
    return std::string_view::npos;
}

bool escaped(std::string_view text, std::size_t at) {
    return at > 0 && text[at - 1] == '\\';
}

/// The line, where there are several.
std::string place_of(std::string_view text, std::size_t at, const std::string& where) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(at);
    return text.find('\n') == std::string_view::npos
               ? where
               : fmt::format("{}, line {}", where, 1 + std::count(text.begin(), end, '\n'));
}

std::string value_of(std::string_view name, const Placeholders& placeholders, const std::string& place) {
    std::vector<std::string> known;
    for (const auto& [key, value] : placeholders) {
        if (key == name) return value;
        known.push_back("{" + key + "}");
    }
    throw Error(fmt::format("unknown placeholder {{{}}}", name), place,
                fmt::format("write one of {}, or \\{{{}}} where the braces are meant", joined(known, " "), name));
}

}  // namespace

std::string filled(std::string_view text, const Placeholders& placeholders, const std::string& where) {
    std::string result;
    std::size_t begin = 0;
    for (std::size_t at = next_name(text, 0); at != std::string_view::npos; at = next_name(text, begin)) {
        const std::string_view name = name_at(text, at);
        if (escaped(text, at))
            result.append(text.substr(begin, at - 1 - begin)).append(text.substr(at, name.size() + 2));
        else
            result.append(text.substr(begin, at - begin))
                .append(value_of(name, placeholders, place_of(text, at, where)));
        begin = at + name.size() + 2;
    }
    return result.append(text.substr(begin));
}

bool has_placeholder(std::string_view text, std::string_view name) {
    for (std::size_t at = next_name(text, 0); at != std::string_view::npos; at = next_name(text, at + 1))
        if (name_at(text, at) == name && !escaped(text, at)) return true;
    return false;
}

}  // namespace isobatch
