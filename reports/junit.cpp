#include "reports/junit.h"

#include <cmath>

#include <fmt/format.h>

#include "reports/escaped.h"

namespace isobatch {

namespace {

std::string trial_case(const Record& record) {
    const Verdict& verdict = record.verdict;
    std::string body;
    for (const CheckResult& result : verdict.checks)
        if (!result.message.empty()) body += fmt::format("{}: {}\n", to_string(result.check), result.message);
    body = escaped(fmt::format("{}repeat: {}\n", body, record.repro));
    const double seconds = record.cost.step_ms_median / 1000;
    const std::string open =
        fmt::format("  <testcase classname=\"isobatch.{}\" name=\"{}\" time=\"{:.6f}\"", escaped(record.trial.subject),
                    escaped(to_string(record.trial)), std::isfinite(seconds) ? seconds : 0);
    switch (verdict.outcome) {
        case Outcome::identical:
        case Outcome::equivalent:
            return open + "/>\n";
        case Outcome::inconclusive:
        case Outcome::divergent:
            return fmt::format("{}>\n    <failure message=\"{}\">{}</failure>\n  </testcase>\n", open,
                               to_string(verdict.outcome), body);
        case Outcome::out_of_memory:
        case Outcome::crashed:
            return fmt::format("{}>\n    <error message=\"{}\">{}</error>\n  </testcase>\n", open,
                               to_string(verdict.outcome), body);
    }
    return {};
}

std::string claim_case(const ClaimStatus& status) {
    const std::string open = fmt::format("  <testcase classname=\"isobatch.claim.{}\" name=\"{}\"",
                                         escaped(status.subject), to_string(status.claim));
    if (status.tested_by > 0) return open + "/>\n";
    const std::string text =
        escaped(fmt::format("untested: {}; to test it: {}", meaning(status.claim), how_to_test(status.claim)));
    if (status.allowed) return fmt::format("{}>\n    <skipped message=\"{}\"/>\n  </testcase>\n", open, text);
    return fmt::format("{}>\n    <failure message=\"inconclusive\">{}</failure>\n  </testcase>\n", open, text);
}

/// Of what the trainer says itself.
std::string clause_case(const Clause& clause) {
    const std::string open =
        fmt::format("  <testcase classname=\"isobatch.contract\" name=\"{}\"", escaped(clause.word));
    if (clause.stance != Stance::broken) return open + "/>\n";
    return fmt::format("{}>\n    <failure message=\"not kept\">{}</failure>\n  </testcase>\n", open,
                       escaped(to_string(clause)));
}

}  // namespace

std::string junit_xml(const Result& result) {
    int failures = 0, errors = 0, skipped = 0;
    std::string cases;
    for (const Record& record : result.records) {
        failures += record.verdict.outcome == Outcome::divergent || record.verdict.outcome == Outcome::inconclusive;
        errors += unanswered(record.verdict.outcome);
        cases += trial_case(record);
    }
    for (const ClaimStatus& status : result.claims) {
        failures += status.tested_by == 0 && !status.allowed;
        skipped += status.tested_by == 0 && status.allowed;
        cases += claim_case(status);
    }
    std::size_t given = 0;
    for (const Clause& clause : result.clauses) {
        if (!clause.given) continue;
        failures += clause.stance == Stance::broken;
        ++given;
        cases += clause_case(clause);
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"isobatch\" tests=\"{}\" failures=\"{}\" "
        "errors=\"{}\" skipped=\"{}\">\n{}</testsuite>\n",
        result.records.size() + result.claims.size() + given, failures, errors, skipped, cases);
}

}  // namespace isobatch
