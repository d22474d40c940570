#include "base/bytes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

struct Unit {
    std::string_view name;
    double bytes;
};

constexpr std::array units{Unit{"B", 1},        Unit{"KB", 1e3},     Unit{"MB", 1e6},
                           Unit{"GB", 1e9},     Unit{"TB", 1e12},    Unit{"KiB", 0x1p10},
                           Unit{"MiB", 0x1p20}, Unit{"GiB", 0x1p30}, Unit{"TiB", 0x1p40}};

}  // namespace

std::int64_t parse_bytes(std::string_view text, const std::string& where) {
    double value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const auto unit = std::find_if(units.begin(), units.end(),
                                   [&](const Unit& one) { return one.name == (rest.empty() ? "B" : rest); });
    if (unit != units.end()) value *= unit->bytes;
    if (code != std::errc() || unit == units.end() || !(value >= 1) || !(value < 0x1p53))
        throw Error(fmt::format("\"{}\" is no amount of memory", printable(text.substr(0, 80))), where,
                    "give a number of at least one byte with its unit, such as 24GiB, 80GB or 512MiB");
    return static_cast<std::int64_t>(value);
}

std::string bytes_text(double bytes) {
    static constexpr std::array names{"bytes", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    // 1,000 KiB would be shown as 1e+03 KiB: it is 0.977 MiB.
    for (; unit + 1 < names.size() && std::abs(bytes) >= 999.5; ++unit) bytes /= 1024;
    return fmt::format("{:.3g} {}", bytes, names[unit]);
}

}  // namespace isobatch
