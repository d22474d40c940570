#include "reports/changes.h"

#include <fmt/format.h>

#include "base/text.h"
#include "reports/terminal.h"

namespace isobatch {

namespace {

Stand stand_of(const Result& result) {
    Stand stand{{}, causes_of(result), result.outcome};
    for (const Record& record : result.records) stand.outcomes[to_string(record.trial)] = record.verdict.outcome;
    return stand;
}

std::vector<std::string> only_in(const std::set<std::string>& these, const std::set<std::string>& not_those) {
    std::vector<std::string> found;
    for (const std::string& one : these)
        if (!not_those.contains(one)) found.push_back(one);
    return found;
}

std::string listed(std::string_view head, const std::vector<Change>& changes, bool colour) {
    if (changes.empty()) return {};
    std::string text = fmt::format("{} ({})\n", head, changes.size());
    for (const Change& change : changes)
        text += fmt::format("  {} -> {}  {}\n", change.before ? coloured(*change.before, colour) : "absent",
                            change.after ? coloured(*change.after, colour) : "absent", printable(change.trial));
    return text;
}

std::string listed(std::string_view head, const std::vector<std::string>& causes) {
    std::string text;
    for (const std::string& cause : causes) text += fmt::format("{}: {}\n", head, printable(cause));
    return text;
}

Json list_json(const std::vector<Change>& changes) {
    Json list = Json::array();
    for (const Change& change : changes)
        list.push_back({{"trial", change.trial},
                        {"before", change.before ? Json(to_string(*change.before)) : Json(nullptr)},
                        {"after", change.after ? Json(to_string(*change.after)) : Json(nullptr)}});
    return list;
}

}  // namespace

std::set<std::string> causes_of(const Result& result) {
    std::set<std::string> causes;
    for (const Finding& finding : result.findings)
        causes.insert(pieces(finding.trial, ' ')[0] + ": " + names_of(finding.causes));
    return causes;
}

Changes changes_between(const Result& before, const Result& after) {
    return changes_between(stand_of(before), stand_of(after));
}

Changes changes_between(const Stand& before, const Stand& after) {
    Changes changes;
    changes.before = before.outcome;
    changes.after = after.outcome;
    const auto &old = before.outcomes, &now = after.outcomes;
    for (const auto& [trial, outcome] : now) {
        const auto it = old.find(trial);
        if (it == old.end())
            changes.added.push_back({trial, std::nullopt, outcome});
        else if (it->second < outcome)
            changes.worse.push_back({trial, it->second, outcome});
        else if (outcome < it->second)
            changes.better.push_back({trial, it->second, outcome});
        else
            ++changes.same;
    }
    for (const auto& [trial, outcome] : old)
        if (!now.contains(trial)) changes.gone.push_back({trial, outcome, std::nullopt});
    changes.new_causes = only_in(after.causes, before.causes);
    changes.gone_causes = only_in(before.causes, after.causes);
    return changes;
}

std::string changes_text(const Changes& changes, bool colour) {
    std::string text = listed("new cause", changes.new_causes) + listed("gone cause", changes.gone_causes) +
                       listed("worse", changes.worse, colour) + listed("better", changes.better, colour) +
                       listed("only in the second", changes.added, colour) +
                       listed("only in the first", changes.gone, colour);
    return text + fmt::format("{}: {} trials worse, {} better, {} the same; the run is {} and was {}.\n",
                              changes.regressed() ? "Regressed" : "Not regressed", changes.worse.size(),
                              changes.better.size(), changes.same, coloured(changes.after, colour),
                              coloured(changes.before, colour));
}

Json to_json(const Changes& changes) {
    return {{"schema", "isobatch-changes/1"},
            {"regressed", changes.regressed()},
            {"before", to_string(changes.before)},
            {"after", to_string(changes.after)},
            {"new_causes", changes.new_causes},
            {"gone_causes", changes.gone_causes},
            {"worse", list_json(changes.worse)},
            {"better", list_json(changes.better)},
            {"added", list_json(changes.added)},
            {"gone", list_json(changes.gone)},
            {"same", changes.same}};
}

}  // namespace isobatch
