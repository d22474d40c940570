#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace isobatch {

using Json = nlohmann::json;

/// Parses hostile text; `where` names its place in the Error. Refused beside malformed text: a key given twice in one
/// object (it would hide a value) and nesting that would exhaust the stack of whatever walks the value.
Json parse_json(std::string_view text, const std::string& where);

/// A double as JSON that reads back bit for bit; what JSON cannot hold becomes "nan", "inf", "-inf".
Json number_to_json(double value);

/// The inverse. Throws Error on anything else.
double number_from_json(const Json& value, const std::string& where);

/// The same for a list.
Json numbers_to_json(const std::vector<double>& values);
std::vector<double> numbers_from_json(const Json& list, const std::string& where);

/// A whole number within [lowest, highest]; a fraction, a text or a number out of range throws Error.
std::int64_t integer_from_json(const Json& value, std::int64_t lowest, std::int64_t highest, const std::string& where);

[[noreturn]] void malformed(const std::string& where, const char* problem);

/// The same value, known to be an array: a loop over any other value would see it as a list of one.
const Json& list_from_json(const Json& value, const std::string& where);

/// Throws the same Error with `where` before its own place, which it does not name yet.
[[noreturn]] void relocated(const Error& error, const std::string& where);

/// Runs `read`; a missing field, a wrong type and an Error of another place become an Error that names `where`.
template <class Read>
auto reading(const std::string& where, Read read) -> decltype(read()) {
    try {
        return read();
    } catch (const nlohmann::json::exception& problem) {
        malformed(where, problem.what());
    } catch (const Error& error) {
        if (error.where().starts_with(where)) throw;
        relocated(error, where);
    }
}

}  // namespace isobatch
