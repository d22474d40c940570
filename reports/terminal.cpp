#include "reports/terminal.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "reports/escaped.h"

namespace isobatch {

namespace {

constexpr std::size_t shown_rivals = 3;  ///< the file holds all of them
constexpr std::size_t shown_units = 32;  ///< likewise
constexpr double least_weight = 5e-11;   ///< below it a weight is a rounded zero

const char* colour_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::identical:
        case Outcome::equivalent:
            return "\x1b[32m";
        case Outcome::inconclusive:
            return "\x1b[33m";
        case Outcome::divergent:
        case Outcome::out_of_memory:
        case Outcome::crashed:
            return "\x1b[31m";
    }
    broken_promise("outcome", "unknown outcome", __FILE__, __LINE__);
}

std::string first_problem(const Verdict& verdict) {
    for (const CheckResult& result : verdict.checks)
        if (!result.message.empty()) return fmt::format("{}: {}", to_string(result.check), printable(result.message));
    return {};
}

/// The split, after its case where there are several.
std::string name_of(const Record& record, const Result& result) {
    const bool several = result.records.front().trial.subject != result.records.back().trial.subject;
    const std::string split = to_string(record.trial.split);
    return several ? fmt::format("{} {}", printable(record.trial.subject), split) : split;
}

std::string rows(const Result& result, bool colour) {
    std::size_t width = 5, outcome = 12;
    for (const Record& record : result.records) {
        width = std::max(width, name_of(record, result).size());
        outcome = std::max(outcome, to_string(record.verdict.outcome).size());
    }
    std::string text = fmt::format("{:<{}}  {:<{}}  {:>8}  {:>11}  {:>8}\n", "split", width, "outcome", outcome,
                                   "margin", "sensitivity", "ms/step");
    std::string said;
    for (const Record& record : result.records) {
        const Verdict& verdict = record.verdict;
        const std::string name = to_string(verdict.outcome);
        const auto [margin, sensitivity, ms] = numbers_of(record);
        text += fmt::format("{:<{}}  {}{:<{}}  {:>8}  {:>11}  {:>8}\n", name_of(record, result), width,
                            coloured(verdict.outcome, colour), "", outcome - name.size(), margin, sensitivity, ms);
        const std::string problem = first_problem(verdict);
        if (!problem.empty() && problem != said) text += fmt::format("{:<{}}  └ {}\n", "", width, problem);
        said = problem;  // the rows below say the same unless they say something else
    }
    return text;
}

std::string claims(const Result& result) {
    std::string text;
    for (const ClaimStatus& status : result.claims) {
        if (status.tested_by > 0) continue;
        text += fmt::format(
            "untested: {} of {} — {}. No split and window of this matrix could have shown a breach{}.\n  to test it: "
            "{}\n",
            to_string(status.claim), printable(status.subject), meaning(status.claim),
            status.allowed ? " (allowed)" : "", how_to_test(status.claim));
    }
    return text;
}

/// How many of the trials that were asked for an identity held it.
std::string identities(const Result& result) {
    struct Stand {
        int tried = 0, broken = 0;
        std::map<std::string, int> unfit;  ///< trials by reason
    };
    std::map<Identity, Stand> stands;
    for (const Record& record : result.records)
        for (const IdentityStatus& status : record.verdict.identities) {
            Stand& stand = stands[status.identity];
            stand.tried += status.windows > 0;
            stand.broken += status.broken > 0;
            if (status.windows == 0) ++stand.unfit[status.unfit];
        }
    std::string text;
    for (const auto& [identity, stand] : stands) {
        std::vector<std::string> parts;
        if (stand.tried > 0) parts.push_back(fmt::format("held by {} of {}", stand.tried - stand.broken, stand.tried));
        for (const auto& [reason, trials] : stand.unfit)
            parts.push_back(fmt::format("does not fit {}: {}", trials, printable(reason)));
        text += fmt::format("identity {:<14}  {}\n", to_string(identity), joined(parts, "; "));
    }
    return text.empty() ? text : text + "\n";
}

std::string finding_text(const Finding& finding, bool colour) {
    std::string text = fmt::format("{}{}{}\n  {}\n", colour ? "\x1b[1m" : "", names_of(finding.causes),
                                   colour ? "\x1b[0m" : "", printable(finding.summary));
    text += fmt::format("  first seen: {} in {}\n", to_string(finding.first), printable(finding.trial));
    if (!finding.weights.empty()) {
        text += fmt::format("  weights of the samples there (1 = right): {}\n", formula(finding.causes.front()));
        text += fmt::format("    {:>8}  {:>4}  {:>5}  {:>6}  {:>14}  {:>14}\n", "sample", "rank", "micro", "units",
                            "recovered", "predicted");
        for (const WeightLine& line : finding.weights) {
            text += fmt::format("    {:>8}  {:>4}  {:>5}  {:>6g}  {:>14}  {:>14}\n",
                                printable(first_characters(line.sample, 8)), line.rank, line.micro, line.units,
                                weight_text(line.recovered, "no gradient"), weight_text(line.predicted, "-"));
            if (!line.units_recovered.empty())
                text += fmt::format("    {:>8}  unit by unit: {}\n", "", weights_text(line.units_recovered));
            if (!line.units_predicted.empty())
                text += fmt::format("    {:>8}  predicted:    {}\n", "", weights_text(line.units_predicted));
        }
        for (std::size_t i = 0; i < finding.stale.size(); ++i)
            text += fmt::format("    gradient of {} window(s) before: {}\n", finding.stale.size() - i,
                                weight_text(finding.stale[i], "-"));
        for (const TermLine& line : finding.terms)
            text +=
                fmt::format("    {} of the loss, beyond its share in the samples: {} times, predicted {} (0 = right)\n",
                            printable(line.term), weight_text(line.recovered, "-"), weight_text(line.predicted, "-"));
        if (!std::isnan(finding.worst_error))
            text += fmt::format("  largest distance between prediction and recovery in the whole matrix: {:.2g}\n",
                                finding.worst_error);
    }
    for (const Rival& rival : std::span(finding.rivals).first(std::min(finding.rivals.size(), shown_rivals)))
        text += fmt::format("  not {}: {}\n", to_string(rival.cause), printable(rival.ruled_out_by));
    if (!finding.separated_by.empty())
        text += fmt::format("  to tell them apart: {}\n", printable(finding.separated_by));
    text += fmt::format("  remedy: {}\n", printable(finding.remedy));
    if (finding.precedent != "none") text += fmt::format("  seen before in: {}\n", printable(finding.precedent));
    return text + fmt::format("  repeat: {}\n", printable(finding.repro));
}

}  // namespace

std::string short_number(double value) {
    if (std::isnan(value)) return "-";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    if (value == 0) return "0";
    return fmt::format("{:.3g}", value);
}

std::array<std::string, 3> numbers_of(const Record& record) {
    const double ms = record.cost.step_ms_median;
    const std::string time = ms == 0 ? "-" : short_number(ms);
    if (unanswered(record.verdict.outcome)) return {"-", "-", time};
    return {short_number(record.verdict.margin), short_number(record.verdict.sensitivity), time};
}

std::string weights_text(const std::vector<double>& weights) {
    std::vector<std::string> words;
    for (const double weight : std::span(weights).first(std::min(weights.size(), shown_units)))
        words.push_back(std::abs(weight) < least_weight ? "0" : short_number(weight));
    if (weights.size() > shown_units) words.push_back(fmt::format("and {} more", weights.size() - shown_units));
    return joined(words, " ");
}

std::string weight_text(double value, std::string_view absent) {
    if (std::isnan(value)) return std::string(absent);
    return fmt::format("{:.10f}", std::abs(value) < least_weight ? 0.0 : value);
}

std::string coloured(Outcome outcome, bool colour) {
    const std::string name = to_string(outcome);
    return colour ? fmt::format("{}{}\x1b[0m", colour_of(outcome), name) : name;
}

std::string terminal_text(const Result& result, bool colour) {
    std::string text;
    for (const std::string& note : result.notes) text += printable(note) + "\n";
    for (const Clause& clause : result.clauses) text += printable(to_string(clause)) + "\n";
    text += "\n" + rows(result, colour) + "\n" + identities(result);
    for (const Finding& finding : result.findings) text += finding_text(finding, colour) + "\n";
    for (const Waste& waste : result.waste)
        text += fmt::format("cost: {}\n  remedy: {}\n  repeat: {}\n\n", printable(waste.summary),
                            printable(waste.remedy), printable(waste.repro));
    text += claims(result);
    return text + fmt::format("{}{}{}\n", colour ? colour_of(result.outcome) : "", printable(result.summary),
                              colour ? "\x1b[0m" : "");
}

}  // namespace isobatch
