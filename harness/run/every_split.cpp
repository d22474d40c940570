#include "run/every_split.h"

#include <fmt/format.h>

#include "plan/isobatch.h"
#include "run/matrix.h"

namespace isobatch {

std::vector<Trial> every_split(const Trial& trial, std::int64_t max_devices) {
    std::vector<Trial> trials;
    for (const Split& split : splits_of({.effective = trial.split.effective(), .max_devices = max_devices})) {
        trials.push_back(trial);
        trials.back().split = split;
    }
    return trials;
}

Result run_all(const std::vector<Trial>& trials, const Plant& plant) {
    Matrix matrix(plant, {});
    std::vector<Record> records;
    for (const Trial& trial : trials) records.push_back(matrix.run(trial));
    return assemble("in this process", std::move(records), {}, {});
}

std::string complaint(const Result& result) {
    if (result.exit_code == 0) return {};
    std::string text = result.summary;
    for (const Finding& finding : result.findings)
        text += fmt::format("\n{}\n  first seen: {} in {}\n  remedy: {}\n  repeat: {}", finding.summary,
                            to_string(finding.first), finding.trial, finding.remedy, finding.repro);
    for (const ClaimStatus& claim : result.claims)
        if (claim.tested_by == 0 && !claim.allowed)
            text += fmt::format("\nuntested: {}: {}", to_string(claim.claim), how_to_test(claim.claim));
    return text;
}

}  // namespace isobatch
