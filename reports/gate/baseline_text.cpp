#include "reports/gate/baseline_text.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "base/json_list.h"
#include "base/text.h"

namespace isobatch {

namespace {

using Ordered = nlohmann::ordered_json;  // a line begins with its trial

constexpr const char* schema = "isobatch-baseline/1";
constexpr auto replace = Ordered::error_handler_t::replace;
constexpr const char* again = "restore the file, or remove it and make a new one with isobatch gate --approve";

/// A line of 16 splits takes about 8 kB, and the largest matrix that was planned has 10,000 trials.
constexpr std::size_t most_bytes = 64 << 20;

/// To five digits: a hundredth of what a comparison resolves, and a difference that a person can read.
double rounded(double value) {
    return std::strtod(fmt::format("{:.5g}", value).c_str(), nullptr);
}

std::string line_of(const Standing& standing) {
    std::vector<double> ms;
    for (const double one : standing.ms) ms.push_back(rounded(one));
    const Ordered line = {{"trial", to_string(standing.trial)},
                          {"outcome", to_string(standing.outcome)},
                          {"margins", standing.margins},
                          {"collectives", standing.traffic.calls},
                          {"bytes", standing.traffic.bytes},
                          {"exchanges", standing.traffic.exchanges},
                          {"memory_bytes_peak", standing.memory_bytes_peak},
                          {"ms", ms}};
    return line.dump(-1, ' ', false, replace);
}

/// Exactly these fields: one that is not known was written by another version, or is misspelt.
void require_fields(const Json& object, std::initializer_list<std::string_view> fields, const std::string& where) {
    for (const auto& [name, value] : object.get_ref<const Json::object_t&>())
        if (std::find(fields.begin(), fields.end(), name) == fields.end())
            throw Error(fmt::format("\"{}\" is no field of a baseline", printable(name.substr(0, 100))), where, again);
}

double number(const Json& value, double highest, const std::string& where) {
    const double found = value.is_number() ? value.get<double>() : -1;
    if (!(found >= 0 && found <= highest))
        throw Error(fmt::format("expected a number from 0 to {:g}, found {}", highest,
                                printable(value.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, 60))),
                    where, again);
    return found;
}

std::vector<double> numbers(const Json& list, double highest, std::size_t most, const std::string& where) {
    std::vector<double> found;
    for (const Json& value : list_from_json(list, where)) found.push_back(number(value, highest, where));
    if (found.size() > most)
        throw Error(fmt::format("{} numbers, where there are at most {}", found.size(), most), where, again);
    return found;
}

Standing standing_from(const Json& line, const std::string& file) {
    const std::string text = line.at("trial").get<std::string>();
    const std::string where = fmt::format("{}, {}", file, printable(text.substr(0, 200)));
    require_fields(
        line, {"trial", "outcome", "margins", "collectives", "bytes", "exchanges", "memory_bytes_peak", "ms"}, where);
    return reading(where, [&] {
        const auto count = [&](const char* field) {
            return integer_from_json(line.at(field), 0, std::int64_t{1} << 53, where + ", " + field);
        };
        Standing standing;
        standing.trial = parse_trial(text);
        if (to_string(standing.trial) != text)  // or a misspelt one would be gone from every run, or there twice
            throw Error("the trial is not spelled out as isobatch does", where, again);
        standing.outcome = parse_outcome(line.at("outcome").get<std::string>());
        // What was right was within what is allowed.
        standing.margins = numbers(line.at("margins"), 1, most_margins, where + ", margins");
        std::sort(standing.margins.begin(), standing.margins.end());
        standing.traffic = {count("collectives"), count("bytes"),
                            number(line.at("exchanges"), 1e9, where + ", exchanges")};
        standing.memory_bytes_peak = count("memory_bytes_peak");
        standing.ms = numbers(line.at("ms"), 1e9, most_rounds, where + ", ms");
        return standing;
    });
}

void require_whole(const Baseline& baseline, const std::string& where) {
    if (baseline.trials.empty()) throw Error("the baseline has no trial", where, again);
    for (std::size_t i = 1; i < baseline.trials.size(); ++i) {
        const std::string trial = to_string(baseline.trials[i].trial);
        if (baseline.trials[i - 1].trial == baseline.trials[i].trial)
            throw Error("the baseline holds a trial twice", fmt::format("{}, {}", where, printable(trial)), again);
        if (baseline.trials[i - 1].ms.size() != baseline.trials[i].ms.size())
            throw Error("two trials were timed in different numbers of runs",
                        fmt::format("{}, {}", where, printable(trial)), again);
    }
    if (baseline.clock != "processor" && baseline.clock != "wall" && baseline.clock != "none")
        throw Error(fmt::format("unknown clock \"{}\"", printable(baseline.clock.substr(0, 60))), where, again);
}

}  // namespace

std::string baseline_text(const Baseline& baseline) {
    const Ordered head = {{"schema", schema},
                          {"command", baseline.command},
                          {"outcome", to_string(baseline.outcome)},
                          {"summary", baseline.summary},
                          {"machine", baseline.machine},
                          {"software", baseline.software},
                          {"clock", baseline.clock},
                          {"causes", baseline.causes}};
    std::string text = head.dump(1, ' ', false, replace);
    text.erase(text.size() - 2);  // its closing brace
    text += ",\n \"trials\": [";
    for (std::size_t i = 0; i < baseline.trials.size(); ++i)
        text += (i == 0 ? "\n  " : ",\n  ") + line_of(baseline.trials[i]);
    return text + "\n ]\n}\n";
}

Baseline baseline_from_text(std::string_view text, const std::string& where) {
    if (text.size() > most_bytes) throw Error(fmt::format("{} bytes are no baseline", text.size()), where, again);
    return reading(where, [&] {
        Baseline baseline;
        std::exception_ptr problem;  // told only where the file is of this version at all
        const Json head = parse_json_list(text, where, "trials", [&](const Json& line) {
            if (problem) return;
            try {
                baseline.trials.push_back(standing_from(line, where));
            } catch (...) {
                problem = std::current_exception();
            }
        });
        if (!head.is_object() || head.value("schema", Json()) != schema)
            throw Error(fmt::format("expected schema {}", schema), where, again);
        if (problem) std::rethrow_exception(problem);
        require_fields(head,
                       {"schema", "command", "outcome", "summary", "machine", "software", "clock", "causes", "trials"},
                       where);
        if (!list_from_json(head.at("trials"), where + ", trials").empty())
            throw Error("a trial is no object", where + ", trials", again);
        const auto words = [&](const char* field) { return head.at(field).get<std::string>(); };
        baseline.command = words("command");
        baseline.outcome = parse_outcome(words("outcome"));
        baseline.summary = words("summary");
        baseline.machine = words("machine");
        baseline.software = words("software");
        baseline.clock = words("clock");
        baseline.causes = head.at("causes").get<std::set<std::string>>();
        std::sort(baseline.trials.begin(), baseline.trials.end(),
                  [](const Standing& a, const Standing& b) { return before(a.trial, b.trial); });
        require_whole(baseline, where);
        return baseline;
    });
}

}  // namespace isobatch
