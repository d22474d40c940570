#include "diagnose/result.h"

#include <algorithm>
#include <set>
#include <span>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/diagnose.h"
#include "plan/fault.h"

namespace isobatch {

namespace {

constexpr const char* schema = "isobatch-result/1";

int count(const std::vector<Record>& records, Outcome outcome) {
    return static_cast<int>(
        std::count_if(records.begin(), records.end(), [&](const Record& r) { return r.verdict.outcome == outcome; }));
}

/// The contract's claims with the number of trials that had power over them.
void add_claims(std::span<const Record> matrix, const std::vector<std::string>& allowed,
                std::vector<ClaimStatus>& claims) {
    for (const Claim claim : all_claims) {
        ClaimStatus status{claim, matrix[0].trial.subject, 0,
                           std::find(allowed.begin(), allowed.end(), to_string(claim)) != allowed.end()};
        bool made = false;
        for (const Record& record : matrix) {
            made |= record.contract &&
                    claimed(claim, *record.contract, {!record.trial.identities.empty(), record.trial.trajectory > 0});
            status.tested_by += std::find(record.verdict.tested.begin(), record.verdict.tested.end(), claim) !=
                                record.verdict.tested.end();
        }
        if (made) claims.push_back(status);
    }
}

/// Whether a fault was planted that should show, and shows nowhere: where it cannot matter, agreement is no evidence.
bool fault_without_power(std::span<const Record> matrix) {
    const std::string& text = matrix[0].trial.fault;
    const std::string_view fault = std::string_view(text).substr(0, text.find('@'));  // before its timing
    const auto& known = fault_catalogue();
    const auto entry =
        std::find_if(known.begin(), known.end(), [&](const FaultEntry& other) { return other.id == fault; });
    return entry != known.end() && !entry->red.empty() &&
           std::all_of(matrix.begin(), matrix.end(),
                       [](const Record& record) { return record.verdict.outcome <= Outcome::equivalent; });
}

/// Of several effective batches, each is held to its own; one is no other, whatever the outcomes say.
std::string large_batch_of(const std::vector<Record>& records) {
    std::set<std::int64_t> effective;
    for (const Record& record : records) effective.insert(record.trial.split.effective());
    if (effective.size() < 2) return "the single large batch";
    std::vector<std::string> sizes;
    for (const std::int64_t size : effective) sizes.push_back(std::to_string(size));
    return fmt::format(
        "the single large batch of their own size (trainings with {} samples an update are not compared)",
        joined(sizes, " and "));
}

/// What the trials were held to.
std::string measure_of(const std::vector<Record>& records) {
    const auto coupled = std::count_if(records.begin(), records.end(), [](const Record& record) {
        return record.contract && record.contract->couples_samples;
    });
    if (coupled == 0) return large_batch_of(records);
    return coupled == std::ssize(records) ? "a trusted run of the same micro-batches" : "their trusted runs";
}

/// What a declaration leaves out, unless it was noted.
void add_declarations(const std::vector<Record>& records, std::vector<std::string>& notes) {
    for (const Record& record : records) {
        if (!record.contract || !record.contract->couples_samples) continue;
        std::string note = fmt::format(
            "declared: a micro-batch of {} couples its samples, so nothing is promised between splits; each is held to "
            "a "
            "trusted run of its own micro-batches",
            record.trial.subject);
        if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(std::move(note));
    }
}

/// Whether splits have other bits than what they are held to, and each of those holds strictly.
bool only_reassociated(const std::vector<Record>& records) {
    const auto differs = [](const Record& record) { return record.verdict.outcome == Outcome::equivalent; };
    return std::any_of(records.begin(), records.end(), differs) &&
           std::all_of(records.begin(), records.end(),
                       [&](const Record& record) { return !differs(record) || holds_strictly(record.verdict); });
}

/// Neighbours of which `key` says the same.
template <class Key>
std::vector<std::span<const Record>> stretches(const std::vector<Record>& records, Key key) {
    std::vector<std::span<const Record>> all;
    for (std::size_t begin = 0, end = 0; begin < records.size(); begin = end) {
        while (end < records.size() && key(records[end]) == key(records[begin])) ++end;
        all.push_back(std::span(records).subspan(begin, end - begin));
    }
    return all;
}

/// `The trainer does not keep what it claims: keeps-tail. `
std::string broken_clauses(const Result& result) {
    std::vector<std::string> words;
    for (const Clause& clause : result.clauses)
        if (clause.stance == Stance::broken) words.push_back(printable(clause.word));
    return words.empty() ? "" : fmt::format("The trainer does not keep what it claims: {}. ", joined(words, ", "));
}

/// How the splits stand to each other.
std::string sentence(const Result& result, const std::vector<std::string>& untested) {
    const int trials = static_cast<int>(result.records.size());
    const int crashes = count(result.records, Outcome::crashed),
              starved = count(result.records, Outcome::out_of_memory),
              divergent = count(result.records, Outcome::divergent);
    const std::string splits = trials == 1 ? "split" : "splits";
    if (trials == 0) return "No trial was run.";
    std::vector<std::string> wrong;
    if (crashes > 0) wrong.push_back(fmt::format("{} of {} {} crashed", crashes, trials, splits));
    if (starved > 0) wrong.push_back(fmt::format("{} of {} {} ran out of memory", starved, trials, splits));
    if (divergent > 0)
        wrong.push_back(fmt::format("{} of {} {} {} differently from {}", divergent, trials, splits,
                                    divergent == 1 ? "trains" : "train", measure_of(result.records)));
    std::string text = joined(wrong, ", and ");
    std::vector<std::string> found;
    for (const Finding& finding : result.findings) {
        std::string name = names_of(finding.causes);
        if (std::find(found.begin(), found.end(), name) == found.end()) found.push_back(std::move(name));
    }
    if (!found.empty()) text += ": " + joined(found, ", ");
    if (!text.empty()) return text + ".";
    if (const int open = count(result.records, Outcome::inconclusive))
        return fmt::format("{} of {} {} could not be decided.", open, trials, splits);
    if (!untested.empty())
        return fmt::format("{} {} agree{}, but nothing here could have shown a fault of: {}.", trials, splits,
                           trials == 1 ? "s" : "", joined(untested, ", "));
    return (trials == 1 ? "The split trains like " : fmt::format("All {} splits train like ", trials)) +
           measure_of(result.records) +
           (only_reassociated(result.records) ? "; what differs is the order of roundings, and nothing else." : ".");
}

Json claim_json(const ClaimStatus& status) {
    return {{"claim", to_string(status.claim)}, {"subject", status.subject},
            {"meaning", meaning(status.claim)}, {"tested_by", status.tested_by},
            {"allowed", status.allowed},        {"how_to_test", status.tested_by ? "" : how_to_test(status.claim)}};
}

}  // namespace

std::vector<std::span<const Record>> matrices_of(const std::vector<Record>& records) {
    return stretches(records, [](const Record& record) { return matrix_of(record.trial); });
}

Result assemble(std::string command, std::vector<Record> records, const std::vector<std::string>& allowed,
                std::vector<std::string> notes) {
    Result result;
    result.command = std::move(command);
    result.records = std::move(records);
    result.notes = std::move(notes);
    std::sort(result.records.begin(), result.records.end(),
              [](const Record& a, const Record& b) { return before(a.trial, b.trial); });
    add_declarations(result.records, result.notes);
    std::vector<std::string> untested;
    // Of trials that were drawn from many matrices, no matrix need have power over everything.
    const bool drawn = result.command.find(" --cover ") != std::string::npos;
    for (const std::span<const Record> together :
         drawn ? stretches(result.records, [](const Record& record) { return record.trial.subject; })
               : matrices_of(result.records)) {
        if (fault_without_power(together)) untested.push_back("the planted " + together[0].trial.fault);
        add_claims(together, allowed, result.claims);
    }
    for (const std::span<const Record> matrix : matrices_of(result.records)) {
        for (Finding& finding : diagnose(matrix)) result.findings.push_back(std::move(finding));
        if (const auto waste = waste_of(matrix)) result.waste.push_back(*waste);
    }
    if (result.records.empty()) result.outcome = Outcome::inconclusive;
    for (const Record& record : result.records) {
        result.outcome = worst(result.outcome, record.verdict.outcome);
        for (const Clause& clause : record.clauses)
            if (std::find(result.clauses.begin(), result.clauses.end(), clause) == result.clauses.end())
                result.clauses.push_back(clause);
    }
    const std::string broken = broken_clauses(result);
    if (!broken.empty()) result.outcome = worst(result.outcome, Outcome::divergent);
    for (const ClaimStatus& status : result.claims)
        if (status.tested_by == 0 && !status.allowed &&
            std::find(untested.begin(), untested.end(), to_string(status.claim)) == untested.end())
            untested.push_back(to_string(status.claim));
    if (!untested.empty()) result.outcome = worst(result.outcome, Outcome::inconclusive);
    result.exit_code = exit_code(result.outcome);
    result.summary = broken + sentence(result, untested);
    return result;
}

Json to_json(const Result& result, bool times) {
    Json records = Json::array(), claims = Json::array(), findings = Json::array(), waste = Json::array(),
         allowed = Json::array(), clauses = Json::array();
    for (const Record& record : result.records) {
        records.push_back(to_json(record));
        if (!times) records.back().erase("cost");
    }
    for (const ClaimStatus& status : result.claims) {
        claims.push_back(claim_json(status));
        if (status.allowed) allowed.push_back(to_string(status.claim));
    }
    for (const Clause& clause : result.clauses) clauses.push_back(to_json(clause));
    for (const Finding& finding : result.findings) findings.push_back(to_json(finding));
    for (const Waste& one : result.waste) waste.push_back(to_json(one));
    return {{"schema", schema},
            {"command", result.command},
            {"summary", result.summary},
            {"outcome", to_string(result.outcome)},
            {"exit_code", result.exit_code},
            {"records", records},
            {"claims", claims},
            {"allowed_untested", allowed},
            {"clauses", clauses},
            {"findings", findings},
            {"waste", waste},
            {"notes", result.notes}};
}

Result result_from_json(const Json& object, const std::string& where) {
    return reading(where, [&] {
        if (object.at("schema") != schema)
            throw Error(fmt::format("expected schema {}, found {}", schema,
                                    printable(object.at("schema").dump(-1, ' ', true).substr(0, 60))),
                        where, "read it with the isobatch that wrote it");
        std::vector<Record> records;
        for (const Json& record : list_from_json(object.at("records"), where))
            records.push_back(record_from_json(record, where));
        // Claims, findings and the outcome follow from the records, so a file cannot contradict itself.
        return assemble(object.at("command").get<std::string>(), std::move(records),
                        object.at("allowed_untested").get<std::vector<std::string>>(),
                        object.at("notes").get<std::vector<std::string>>());
    });
}

}  // namespace isobatch
