#include "reports/html/findings.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "reports/escaped.h"
#include "reports/html/elements.h"
#include "reports/html/weights.h"
#include "reports/terminal.h"

namespace isobatch {

namespace {

constexpr std::size_t most_findings = 40;
constexpr std::size_t longest = 1000;

/// The split in which it is seen first, linked to its row where that is of this result.
std::string first_split(const Result& result, const Finding& finding) {
    for (const Record& record : result.records)
        if (record.verdict.outcome > Outcome::equivalent && to_string(record.trial) == finding.trial)
            return link_to(result, record, name_of(record));
    return "<code>" + shortened(finding.trial, longest) + "</code>";
}

/// What is left of the earlier windows' gradients, and how well the named cause predicts all that was recovered.
std::string beside_weights(const Finding& finding) {
    std::string text;
    for (std::size_t i = 0; i < finding.stale.size(); ++i)
        text += fmt::format("<li>gradient of {} window(s) before: {}</li>\n", finding.stale.size() - i,
                            weight_text(finding.stale[i], "-"));
    for (const TermLine& line : finding.terms)
        text += fmt::format("<li>{} of the loss, beyond its share in the samples: {} times, predicted {}</li>\n",
                            shortened(line.term, longest), weight_text(line.recovered, "-"),
                            weight_text(line.predicted, "-"));
    if (!finding.weights.empty() && !std::isnan(finding.worst_error))
        text += fmt::format("<li>largest distance between prediction and recovery in the whole matrix: {:.2g}</li>\n",
                            finding.worst_error);
    return text.empty() ? text : fmt::format("<ul>\n{}</ul>\n", text);
}

std::string rivals_of(const Finding& finding) {
    std::string rivals;
    for (const Rival& rival : finding.rivals)
        rivals +=
            fmt::format("<li>not <b>{}</b>: {}</li>\n", to_string(rival.cause), shortened(rival.ruled_out_by, longest));
    if (rivals.empty()) return {};
    return folded(fmt::format("ruled out: {} other causes, and by what", finding.rivals.size()),
                  "<ul>\n" + rivals + "</ul>\n");
}

std::string in_full(const Result& result, const Finding& finding, std::size_t number) {
    std::string text = fmt::format(
        "<article id=\"f{0}\" tabindex=\"-1\" aria-labelledby=\"f{0}-heading\">\n<h3 id=\"f{0}-heading\">{1}</h3>\n"
        "<p>{2}</p>\n<p>First seen: {3} in split {4}</p>\n",
        number, names_of(finding.causes), shortened(finding.summary, longest),
        shortened(to_string(finding.first), longest), first_split(result, finding));
    text += weight_picture(finding) + beside_weights(finding);
    if (!finding.separated_by.empty())
        text += fmt::format("<p><b>To tell them apart:</b> {}</p>\n", shortened(finding.separated_by, longest));
    text += fmt::format("<p><b>Remedy.</b> {}</p>\n", shortened(finding.remedy, longest));
    if (finding.precedent != "none")
        text += fmt::format("<p>Seen before in: {}</p>\n", shortened(finding.precedent, longest));
    return text + "<p><b>Repeat it</b> with</p>\n" + command_line(finding.repro) + rivals_of(finding) + "</article>\n";
}

/// What was put in on purpose: a reader who was sent the page would look for it in the trainer.
std::string planted(const Result& result) {
    std::set<std::string> faults;
    for (const Record& record : result.records)
        if (!record.trial.fault.empty()) faults.insert(record.trial.fault);
    if (faults.empty()) return {};
    return fmt::format(
        "<p>Planted on purpose, to see it found: <code>{}</code>. Without <code>--fault</code> it is not there.</p>\n",
        shortened(joined({faults.begin(), faults.end()}, ", "), longest));
}

/// Of all weights that were read in any split, the one that is furthest off.
std::string furthest_off(const Result& result) {
    double most = 0;
    std::string text;
    for (const Record& record : result.records)
        for (const WindowEvidence& window : record.evidence.windows)
            for (const Recovered& read : window.recovered)
                for (std::size_t i = 0; i < read.weights.size(); ++i) {
                    const double off = std::abs(read.weights[i] - 1);
                    if (!(off > std::max(most, window.weight_tolerance))) continue;
                    most = off;
                    text = fmt::format(
                        "<p>Furthest off in all splits: {}, step {}: sample {} weighs {:.5g} instead of 1.</p>\n",
                        link_to(result, record, name_of(record)), window.step,
                        escaped(first_characters(window.samples[i], 40)), read.weights[i]);
                }
    return text;
}

}  // namespace

std::string worst_sample(const Finding& finding) {
    const WeightLine* worst = nullptr;
    const auto off = [](const WeightLine& line) { return std::abs(line.recovered - 1); };
    for (const WeightLine& line : finding.weights)
        if (!std::isnan(line.recovered) && (worst == nullptr || off(line) > off(*worst))) worst = &line;
    if (worst == nullptr) return {};
    return fmt::format("sample {} (rank {}, micro {}) weighs {:.5g} instead of 1", first_characters(worst->sample, 40),
                       worst->rank, worst->micro, worst->recovered);
}

std::string causes_found(const Result& result) {
    std::string items;
    for (std::size_t i = 0; i < result.findings.size() && i < most_findings; ++i) {
        const Finding& finding = result.findings[i];
        const std::string sample = worst_sample(finding);
        items += fmt::format(
            "<li class=\"cause\"><a href=\"#f{}\"><b>{}</b></a> {}\n<p>First in split {}, {}{}</p>\n{}</li>\n", i,
            names_of(finding.causes), shortened(finding.summary, longest), first_split(result, finding),
            shortened(to_string(finding.first), longest), sample.empty() ? "" : ": " + escaped(sample),
            command_line(finding.repro));
    }
    if (items.empty()) return {};
    return fmt::format("<h2>{}</h2>\n{}<ul class=\"causes\">\n{}</ul>\n{}{}",
                       result.findings.size() == 1 ? "The cause" : "What was found", planted(result), items,
                       furthest_off(result),
                       left_out(std::min(most_findings, result.findings.size()), result.findings.size(), "findings"));
}

std::string findings_part(const Result& result) {
    std::string articles;
    for (std::size_t i = 0; i < result.findings.size() && i < most_findings; ++i)
        articles += in_full(result, result.findings[i], i);
    return part("findings", "What is wrong, and what shows it", articles);
}

}  // namespace isobatch
