#pragma once

#include <span>
#include <string>
#include <vector>

#include "diagnose/finding.h"
#include "diagnose/record.h"
#include "diagnose/waste.h"

namespace isobatch {

/// A claim of one matrix's contract: how many of its trials could have broken it.
struct ClaimStatus {
    Claim claim;
    std::string subject;   ///< the matrix's case
    int tested_by = 0;     ///< number of trials
    bool allowed = false;  ///< untested, but accepted by name
};

/// Everything that a run says: one value for every report.
struct Result {
    std::string command;  ///< that repeats the run
    std::string summary;  ///< the answer in a sentence
    Outcome outcome = Outcome::identical;
    int exit_code = 0;
    std::vector<Record> records;  ///< in the order of before()
    std::vector<ClaimStatus> claims;
    std::vector<Clause> clauses;  ///< what the contracts of outside trainers rest on, each once
    std::vector<Finding> findings;
    std::vector<Waste> waste;
    std::vector<std::string> notes;  ///< what was assumed, and what this run cannot prove
};

/// The records of each matrix, which are judged, diagnosed and claimed together. `records` is in the order of before().
std::vector<std::span<const Record>> matrices_of(const std::vector<Record>& records);

/// Merges the records of one or several matrices, in any order. `allowed` names claims that may stay untested.
Result assemble(std::string command, std::vector<Record> records, const std::vector<std::string>& allowed,
                std::vector<std::string> notes);

/// The schema is documented in reports/result.schema.json. With `times` false, two runs of one command are byte for
/// byte equal.
Json to_json(const Result& result, bool times = true);
Result result_from_json(const Json& object, const std::string& where);

}  // namespace isobatch
