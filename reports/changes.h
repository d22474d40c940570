#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "diagnose/result.h"

namespace isobatch {

/// One trial in two results; nothing where only the other one has it.
struct Change {
    std::string trial;  ///< text form
    std::optional<Outcome> before, after;
};

/// What two results are compared by.
struct Stand {
    std::map<std::string, Outcome> outcomes;  ///< by the text form of the trial
    std::set<std::string> causes;             ///< `case: name`
    Outcome outcome = Outcome::identical;     ///< of the whole
};

/// What was found, by the case that it was found in: the first word of the trial that shows it.
std::set<std::string> causes_of(const Result& result);

/// What is different from an earlier result. Trials are matched by their text form.
struct Changes {
    std::vector<Change> worse, better;
    std::vector<Change> added, gone;                   ///< trials that one of the two does not have
    std::vector<std::string> new_causes, gone_causes;  ///< `case: name`, each once
    std::size_t same = 0;                              ///< trials with the same outcome in both
    Outcome before = Outcome::identical, after = Outcome::identical;

    /// Whether something that was right is not any more.
    bool regressed() const { return !worse.empty() || !new_causes.empty(); }
};

Changes changes_between(const Stand& before, const Stand& after);
Changes changes_between(const Result& before, const Result& after);

std::string changes_text(const Changes& changes, bool colour);
Json to_json(const Changes& changes);

}  // namespace isobatch
