#include "base/json_list.h"

#include <set>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace isobatch {

namespace {
constexpr int deepest = 64;
constexpr const char* untrusted = "write the file again; nothing in it was trusted";
}  // namespace

Json parse_json_list(std::string_view text, const std::string& where, std::string_view list,
                     const std::function<void(const Json&)>& take) {
    std::string root_key;
    std::vector<std::set<std::string>> keys;  // of the objects that are open
    const auto guard = [&](int depth, Json::parse_event_t event, const Json& value) {
        if (depth > deepest)
            throw Error(fmt::format("JSON is nested deeper than {} levels", deepest), where, untrusted);
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end) keys.pop_back();
        if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
            throw Error(fmt::format("key \"{}\" is given twice", printable(value.get<std::string>().substr(0, 200))),
                        where, untrusted);
        if (event == Json::parse_event_t::key && depth == 1) root_key = value.get<std::string>();
        const bool taken = take && event == Json::parse_event_t::object_end && depth == 2 && root_key == list;
        if (taken) take(value);
        return !taken;
    };
    return reading(where, [&] { return Json::parse(text, guard); });
}

}  // namespace isobatch
