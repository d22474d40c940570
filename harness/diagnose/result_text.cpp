#include "diagnose/result_text.h"

#include <algorithm>
#include <exception>

#include "base/json_list.h"

namespace isobatch {

namespace {
constexpr std::size_t most_reserved = 256 << 20;  ///< bytes; costs nothing where it is not used
}

std::string json_text(const Result& result) {
    constexpr auto replace = Json::error_handler_t::replace;
    Result frame;  // all but the records
    frame.command = result.command;
    frame.summary = result.summary;
    frame.outcome = result.outcome;
    frame.exit_code = result.exit_code;
    frame.claims = result.claims;
    frame.clauses = result.clauses;
    frame.findings = result.findings;
    frame.waste = result.waste;
    frame.notes = result.notes;
    const std::string around = to_json(frame).dump(1, ' ', false, replace);
    // A text in JSON holds no line end, so that this place is there once.
    const std::string_view place = "\n \"records\": [";
    const std::size_t at = around.find(place) + place.size();
    std::string text = around.substr(0, at);
    for (std::size_t i = 0; i < result.records.size(); ++i) {
        text += (i == 0 ? "\n  " : ",\n  ") + to_json(result.records[i]).dump(-1, ' ', false, replace);
        if (i == 0)  // growing would copy all of it again
            text.reserve(std::min(2 * text.size() * result.records.size(), most_reserved));
    }
    text += around.substr(at);
    text += '\n';
    return text;
}

Result result_from_text(std::string_view text, const std::string& where) {
    return reading(where, [&] {
        std::vector<Record> records;
        std::exception_ptr problem;  // told only where the file is of this version at all
        const Json json = parse_json_list(text, where, "records", [&](const Json& record) {
            if (problem) return;
            try {
                records.push_back(record_from_json(record, where));
            } catch (const Error&) {
                problem = std::current_exception();
            }
        });
        Result frame = result_from_json(json, where);
        if (problem) std::rethrow_exception(problem);
        return assemble(std::move(frame.command), std::move(records),
                        json.at("allowed_untested").get<std::vector<std::string>>(), std::move(frame.notes));
    });
}

}  // namespace isobatch
