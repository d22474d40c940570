#include "reports/markdown.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "reports/escaped.h"
#include "reports/terminal.h"
#include "reports/tradeoff.h"

namespace isobatch {

namespace {

constexpr std::size_t most_rows = 200;
constexpr std::size_t most_findings = 20;
constexpr std::size_t most_tradeoffs = 4;
constexpr std::size_t longest_command = 4000;

std::string rows(const Result& result) {
    std::string text = "| split | outcome | margin | ms/step |\n| --- | --- | ---: | ---: |\n";
    std::vector<const Record*> records;
    for (const Record& record : result.records) records.push_back(&record);
    std::stable_sort(records.begin(), records.end(),
                     [](const Record* a, const Record* b) { return b->verdict.outcome < a->verdict.outcome; });
    for (std::size_t i = 0; i < records.size() && i < most_rows; ++i) {
        const auto [margin, sensitivity, ms] = numbers_of(*records[i]);
        text += fmt::format("| {} {} | {} | {} | {} |\n", markdown_text(records[i]->trial.subject, 60),
                            to_string(records[i]->trial.split), to_string(records[i]->verdict.outcome), margin, ms);
    }
    if (records.size() > most_rows)
        text += fmt::format("\n{} of {} trials are shown, the worst first.\n", most_rows, records.size());
    return text;
}

/// What the data of a workflow command may not hold (docs of GitHub Actions: workflow commands).
std::string command_data(std::string_view text) {
    std::string data;
    for (const char c : printable(first_characters(text, 1000)))
        data += c == '%' ? "%25" : std::string(1, c);  // line ends are visible escapes by now
    return data;
}

}  // namespace

std::string command_block(std::string_view command) {
    return fmt::format("<pre>{}</pre>\n\n",
                       shortened(printable(first_characters(command, longest_command)), 4 * longest_command));
}

std::string annotation(std::string_view kind, std::string_view title, std::string_view text) {
    return fmt::format("::{} title=isobatch {}::{}\n", kind, title, command_data(text));
}

std::string markdown_text(std::string_view text, std::size_t count) {
    const std::string kept = first_characters(text, count);
    std::string safe;
    for (const char c : printable(kept)) {
        if (std::string_view("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~").find(c) != std::string_view::npos) safe += '\\';
        safe += c;
    }
    return kept.size() == text.size() ? safe : safe + " …";
}

std::string markdown_summary(const Result& result) {
    std::string text =
        fmt::format("## isobatch: {}\n\n{}\n\n", to_string(result.outcome), markdown_text(result.summary));
    for (std::size_t i = 0; i < result.findings.size() && i < most_findings; ++i) {
        const Finding& finding = result.findings[i];
        text += fmt::format("### {}\n\n{}\n\nFirst seen: {}\n\nRemedy: {}\n\n", names_of(finding.causes),
                            markdown_text(finding.summary), markdown_text(to_string(finding.first)),
                            markdown_text(finding.remedy)) +
                command_block(finding.repro);
    }
    if (result.findings.size() > most_findings)
        text += fmt::format("{} of {} findings are shown.\n\n", most_findings, result.findings.size());
    for (const Clause& clause : result.clauses) text += fmt::format("* {}\n", markdown_text(to_string(clause), 1000));
    for (const ClaimStatus& status : result.claims)
        if (status.tested_by == 0)
            text += fmt::format("* untested{}: {} of {}; to test it: {}\n", status.allowed ? " (allowed)" : "",
                                to_string(status.claim), markdown_text(status.subject, 60),
                                markdown_text(how_to_test(status.claim)));
    if (!result.records.empty()) text += "\n" + rows(result);
    const std::vector<TradeOff> tradeoffs = tradeoffs_of(result);
    for (std::size_t i = 0; i < tradeoffs.size() && i < most_tradeoffs; ++i)
        text += "\n" + tradeoff_markdown(tradeoffs[i]);
    return text + "\nThe whole run again:\n\n" + command_block(result.command);
}

std::string github_annotations(const Result& result) {
    std::vector<std::string> lines;
    const auto add = [&](std::string_view kind, const std::string& title, const std::string& text) {
        lines.push_back(annotation(kind, title, text));
    };
    for (const Finding& finding : result.findings)
        add("error", names_of(finding.causes), fmt::format("{} Repeat: {}", finding.summary, finding.repro));
    for (const Record& record : result.records)
        if (unanswered(record.verdict.outcome))
            add("error", to_string(record.verdict.outcome),
                fmt::format("{} {} Repeat: {}", to_string(record.trial.split), record.verdict.checks.at(0).message,
                            record.repro));
    if (lines.empty() && result.outcome == Outcome::divergent) add("error", "divergent", result.summary);
    if (result.outcome == Outcome::inconclusive) add("warning", "inconclusive", result.summary);
    if (lines.size() > most_annotations) lines.resize(most_annotations);
    return joined(lines, "");
}

}  // namespace isobatch
