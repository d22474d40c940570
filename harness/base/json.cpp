#include "base/json.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/json_list.h"
#include "base/text.h"

namespace isobatch {

namespace {
constexpr const char* untrusted = "write the file again; nothing in it was trusted";
}  // namespace

Json parse_json(std::string_view text, const std::string& where) {
    return parse_json_list(text, where, "", nullptr);
}

Json number_to_json(double value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    return value;
}

namespace {
/// The start of a value from a hostile file, for a message.
std::string excerpt(const Json& value) {
    return value.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, 60);
}
}  // namespace

std::int64_t integer_from_json(const Json& value, std::int64_t lowest, std::int64_t highest, const std::string& where) {
    const bool fits =
        value.is_number_unsigned()
            ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())
            : value.is_number_integer();
    if (!fits || value.get<std::int64_t>() < lowest || value.get<std::int64_t>() > highest)
        throw Error(fmt::format("expected a whole number from {} to {}, found {}", lowest, highest, excerpt(value)),
                    where, untrusted);
    return value.get<std::int64_t>();
}

double number_from_json(const Json& value, const std::string& where) {
    if (value.is_number()) return value.get<double>();
    if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (value == "inf") return std::numeric_limits<double>::infinity();
    if (value == "-inf") return -std::numeric_limits<double>::infinity();
    throw Error(fmt::format("expected a number, found {}", excerpt(value)), where,
                "write a JSON number or one of \"nan\", \"inf\", \"-inf\"");
}

const Json& list_from_json(const Json& value, const std::string& where) {
    if (!value.is_array()) throw Error(fmt::format("expected a list, found {}", excerpt(value)), where, untrusted);
    return value;
}

Json numbers_to_json(const std::vector<double>& values) {
    Json list = Json::array();
    for (const double value : values) list.push_back(number_to_json(value));
    return list;
}

std::vector<double> numbers_from_json(const Json& list, const std::string& where) {
    std::vector<double> values;
    for (const Json& value : list_from_json(list, where)) values.push_back(number_from_json(value, where));
    return values;
}

void malformed(const std::string& where, const char* problem) {
    // The parser quotes the text that it could not read, which is as hostile and as long as the file.
    throw Error(fmt::format("malformed JSON: {}", printable(std::string_view(problem).substr(0, 300))), where,
                untrusted);
}

void relocated(const Error& error, const std::string& where) {
    throw Error(error.problem(), fmt::format("{}, {}", where, error.where()), error.next(),
                static_cast<Error::Kind>(error.exit_code()));
}

}  // namespace isobatch
