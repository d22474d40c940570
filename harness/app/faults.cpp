#include <memory>

#include <fmt/format.h>

#include "app/commands.h"
#include "base/json.h"
#include "base/text.h"
#include "plan/fault.h"

namespace isobatch {

namespace {

std::vector<std::string> names(const std::vector<Check>& checks) {
    std::vector<std::string> list;
    for (const Check check : checks) list.push_back(to_string(check));
    return list;
}

Json needs_json(const Needs& needs) {
    Json object = Json::object();
    if (!needs.subject.empty()) object["case"] = needs.subject;
    if (!needs.optimizer.empty()) object["optimizer"] = needs.optimizer;
    if (!needs.identities.empty()) object["identities"] = needs.identities;
    if (!needs.device.empty()) object["device"] = needs.device;
    if (needs.recipe) object["recipe"] = to_string(*needs.recipe);
    if (needs.restart_in > 0)  // a data set of the default size has three windows
        object["restart"] = std::to_string(restart_in(needs.restart_in, 3));
    return object;
}

std::string what_it_does(const FaultEntry& entry) {
    if (!entry.red.empty()) return "turns red: " + joined(names(entry.red), ", ");
    return entry.may.empty() ? "turns nothing red: every value stays right, and only the price is wrong"
                             : fmt::format("turns nothing red: the same run has other bits, so {} says nothing",
                                           joined(names(entry.may), ", "));
}

Json entry_json(const FaultEntry& entry) {
    return {{"id", entry.id},
            {"cause", entry.cause ? Json(to_string(*entry.cause)) : Json(nullptr)},
            {"meaning", meaning(entry)},
            {"seen_in", precedent(entry)},
            {"red", names(entry.red)},
            {"may", names(entry.may)},
            {"certain", entry.certain},
            {"timed", entry.timed},
            {"by_micro", entry.touches != nullptr},
            {"needs", needs_json(entry.needs)}};
}

}  // namespace

void add_faults(CLI::App& app, int& exit_code) {
    auto json = std::make_shared<bool>(false);
    CLI::App* command = app.add_subcommand(
        "faults", "List what check --fault can plant: the checks that notice it, and where it was seen in the wild");
    command->add_flag("--json", *json, "Print a JSON list");
    command->callback([json, &exit_code] {
        Json list = Json::array();
        for (const FaultEntry& entry : fault_catalogue()) list.push_back(entry_json(entry));
        if (*json) fmt::print("{}\n", list.dump());
        for (std::size_t i = 0; !*json && i < list.size(); ++i) {
            const FaultEntry& entry = fault_catalogue()[i];
            fmt::print("{}{}\n  {}\n", entry.id,
                       (entry.timed ? std::string("[@TIMING]") : "") + (entry.touches ? "[@REACH]" : ""),
                       what_it_does(entry));
            const Json& known = list[i];
            for (const auto& [what, value] : known["needs"].items())
                fmt::print("  shows {}: {} {}\n", what == "device" ? "and can be planted only with" : "with",
                           what == "case" ? "the case" : "--" + what, value.get<std::string>());
            fmt::print("  {}\n", known["meaning"].get<std::string>());
            fmt::print("  seen in: {}\n", known["seen_in"].get<std::string>());
        }
        if (!*json) fmt::print("\nTIMING, where [@TIMING] stands:\n");
        for (std::size_t i = 0; !*json && i < all_timings.size(); ++i)
            fmt::print("  {:<14} {}\n", to_string(all_timings[i]), meaning(all_timings[i]));
        if (!*json) fmt::print("\nREACH, where [@REACH] stands:\n");
        for (std::size_t i = 0; !*json && i < all_reaches.size(); ++i)
            fmt::print("  {:<16} {}\n", to_string(all_reaches[i]), meaning(all_reaches[i]));
        exit_code = 0;
    });
}

}  // namespace isobatch
