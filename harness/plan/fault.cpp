#include "plan/fault.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

Trial suited(Trial trial, const FaultEntry& fault) {
    if (!fault.needs.subject.empty()) trial.subject = fault.needs.subject;
    if (!fault.needs.optimizer.empty()) trial.optimizer = fault.needs.optimizer;
    if (!fault.needs.identities.empty()) trial.identities = fault.needs.identities;
    trial.recipe = fault.needs.recipe.value_or(trial.recipe);
    if (fault.needs.restart_in > 0 && trial.samples > trial.split.effective()) {
        const std::int64_t windows = (trial.samples + trial.split.effective() - 1) / trial.split.effective();
        if (fault.needs.restart_in <= trial.epochs) trial.restart = restart_in(fault.needs.restart_in, windows);
    }
    return trial;
}

std::string meaning(const FaultEntry& fault) {
    return fault.meaning.empty() && fault.cause ? meaning(*fault.cause) : fault.meaning;
}

std::string precedent(const FaultEntry& fault) {
    return fault.seen_in.empty() && fault.cause ? precedent(*fault.cause) : fault.seen_in;
}

std::string why_not_planted(const FaultEntry& fault, std::string_view device) {
    if (fault.needs.device.empty() || device.starts_with(fault.needs.device)) return {};
    return fmt::format("{} is what kernels of another device get wrong: there is nothing of it on {}", fault.id,
                       printable(device));
}

std::vector<FaultEntry> faults_on(std::string_view device) {
    std::vector<FaultEntry> all;
    for (const FaultEntry& entry : fault_catalogue())
        if (why_not_planted(entry, device).empty()) all.push_back(entry);
    return all;
}

bool is_of_its_case(const Trial& trial, const FaultEntry& fault) {
    return fault.needs.subject.empty() || trial.subject == fault.needs.subject;
}

std::vector<Check> red_checks(const FaultEntry& fault, const Occasion& occasion) {
    std::vector<Check> red = fault.red;
    if (occasion.where == Reach::some_parameters) std::erase(red, Check::loss);
    return red;
}

std::vector<Check> green_checks(const FaultEntry& fault) {
    std::vector<Check> green;
    for (const Check check : all_checks)
        if (!asked_for(check) && std::find(fault.red.begin(), fault.red.end(), check) == fault.red.end() &&
            std::find(fault.may.begin(), fault.may.end(), check) == fault.may.end())
            green.push_back(check);
    return green;
}

const FaultEntry& find_fault(std::string_view id) {
    for (const FaultEntry& entry : fault_catalogue())
        if (entry.id == id) return entry;
    std::vector<std::string> known;
    for (const FaultEntry& entry : fault_catalogue()) known.push_back(entry.id);
    throw Error(fmt::format("unknown fault \"{}\"", printable(id)), "--fault",
                fmt::format("did you mean {}? Known: {}", nearest(id, known), joined(known, ", ")));
}

PlantedFault parse_fault(std::string_view text) {
    const std::size_t at = text.find('@');
    PlantedFault fault{&find_fault(text.substr(0, at))};
    if (at != std::string_view::npos) fault.occasion = parse_occasion(text.substr(at + 1));
    const auto& [when, where] = fault.occasion;
    const auto refuse = [&](const char* how, const std::string& when_or_where) {
        throw Error(fmt::format("{} is not decided {}, so it cannot happen {}", fault.entry->id, how, when_or_where),
                    "--fault", fmt::format("give {} without it", fault.entry->id));
    };
    if (when != Timing::always && !fault.entry->timed) refuse("window by window", meaning(when));
    if (where != Reach::everywhere && !fault.entry->touches) refuse("micro-batch by micro-batch", meaning(where));
    return fault;
}

bool has_power(const PlantedFault& fault, const std::vector<WindowLayout>& windows) {
    const auto& [when, where] = fault.occasion;
    if (fault.occasion == Occasion()) return fault.entry->power(windows);
    std::vector<WindowLayout> some;
    std::copy_if(windows.begin(), windows.end(), std::back_inserter(some),
                 [&, timing = when](const WindowLayout& window) { return acts(timing, window.moment); });
    if (where == Reach::everywhere) return fault.entry->power(some);
    for (const WindowLayout& window : some)
        for (const MicroCount& micro : window.micros)
            if (micro.units > 0 && reaches(where, window, micro) && fault.entry->touches(window, micro)) return true;
    return false;
}

}  // namespace isobatch
