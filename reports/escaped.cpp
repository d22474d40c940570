#include "reports/escaped.h"

#include <algorithm>

#include "base/text.h"

namespace isobatch {

namespace {

/// XML forbids U+FFFE and U+FFFF beside the control characters.
bool forbidden(char32_t c) {
    return (acts_on_a_terminal(c) && c != '\n' && c != '\t') || c == 0xfffe || c == 0xffff;
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string safe;
    while (!text.empty()) {
        const CodePoint first = first_code_point(text);
        const std::size_t bytes = std::max<std::size_t>(first.bytes, 1);
        if (first.bytes == 0 || forbidden(first.value))
            safe += "\xef\xbf\xbd";
        else if (first.value == '&')
            safe += "&amp;";
        else if (first.value == '<')
            safe += "&lt;";
        else if (first.value == '>')
            safe += "&gt;";
        else if (first.value == '"')
            safe += "&quot;";
        else if (first.value == '\'')
            safe += "&#39;";
        else
            safe += text.substr(0, bytes);
        text.remove_prefix(bytes);
    }
    return safe;
}

std::string first_characters(std::string_view text, std::size_t count) {
    std::size_t bytes = 0;
    while (count-- > 0 && bytes < text.size())
        bytes += std::max<std::size_t>(first_code_point(text.substr(bytes)).bytes, 1);
    return std::string(text.substr(0, bytes));
}

std::string shortened(std::string_view text, std::size_t count) {
    const std::string kept = first_characters(text, count);
    if (kept.size() == text.size()) return escaped(text);
    return escaped(kept) + "… (" + std::to_string(text.size() - kept.size()) + " more bytes)";
}

}  // namespace isobatch
