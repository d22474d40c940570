#include "base/text.h"

#include <charconv>

#include <fmt/format.h>

#include "base/edit_distance.h"

namespace isobatch {

std::vector<std::string> pieces(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (true) {
        const auto at = text.find(separator);
        parts.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
    return fmt::format("{}", fmt::join(parts, separator));
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
    std::string best;
    std::size_t best_distance = static_cast<std::size_t>(-1);
    for (const std::string& candidate : known) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

CodePoint first_code_point(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (at(0) < 0x80) return {at(0), 1};
    const std::size_t bytes = at(0) >= 0xf0 ? 4 : at(0) >= 0xe0 ? 3 : 2;
    if (at(0) < 0xc2 || at(0) > 0xf4 || text.size() < bytes) return {0, 0};
    char32_t value = at(0) & (0x7fU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((at(i) & 0xc0) != 0x80) return {0, 0};
        value = (value << 6) | (at(i) & 0x3fU);
    }
    static constexpr char32_t lowest[] = {0, 0, 0x80, 0x800,
                                          0x10000};  // below it the sequence is longer than it need be
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < lowest[bytes] || surrogate || value > 0x10ffff) return {0, 0};
    return {value, bytes};
}

bool acts_on_a_terminal(char32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

std::string printable(std::string_view text) {
    std::string safe;
    while (!text.empty()) {
        const CodePoint first = first_code_point(text);
        const std::size_t bytes = std::max<std::size_t>(first.bytes, 1);
        if (first.bytes == 0)
            safe += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
        else if (!acts_on_a_terminal(first.value))
            safe += text.substr(0, bytes);
        else if (first.value == '\n')
            safe += "\\n";
        else if (first.value < 0x100)
            safe += fmt::format("\\x{:02x}", static_cast<unsigned>(first.value));
        else
            safe += fmt::format("\\u{{{:04x}}}", static_cast<unsigned>(first.value));
        text.remove_prefix(bytes);
    }
    return safe;
}

}  // namespace isobatch
