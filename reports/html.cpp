#include "reports/html.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "reports/junit.h"
#include "reports/terminal.h"

namespace isobatch {

namespace {

constexpr const char* style = R"(:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}
th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #8886}
th:first-child,td:first-child,td.text,th.text{text-align:left}
code{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}
.mark{font-weight:600;white-space:nowrap}
.identical,.equivalent{color:light-dark(#0b6b2e,#6fd08c)}
.inconclusive{color:light-dark(#7a5200,#e6b450)}
.divergent,.crashed{color:light-dark(#a3140b,#ff8f85)}
.answer{font-size:1.25rem;border-left:.35rem solid;padding-left:.8rem}
.bar{display:inline-block;height:.7em;background:currentColor;vertical-align:baseline;opacity:.65}
svg{max-width:100%;height:auto}
)";

/// A shape beside every outcome, so that colour is not the only meaning.
const char* sign_of(Outcome outcome) {
    return outcome <= Outcome::equivalent     ? "✓"
           : outcome == Outcome::inconclusive ? "?"
           : outcome == Outcome::divergent    ? "✗"
                                              : "⚠";
}

std::string mark(Outcome outcome) {
    return fmt::format("<span class=\"mark {0}\">{1} {0}</span>", to_string(outcome), sign_of(outcome));
}

std::string split_rows(const Result& result) {
    std::string rows;
    for (const Record& record : result.records) {
        std::string problems;
        for (const CheckResult& check : record.verdict.checks)
            if (!check.message.empty())
                problems += fmt::format("<div><b>{}</b>: {}</div>", to_string(check.check), escaped(check.message));
        const auto grad = std::find_if(record.verdict.checks.begin(), record.verdict.checks.end(),
                                       [](const CheckResult& c) { return c.check == Check::grad; });
        const std::string bound =
            grad == record.verdict.checks.end()
                ? ""
                : fmt::format("{} {} {}", short_number(grad->observed), grad->margin <= 1 ? "≤" : "&gt;",
                              escaped(to_string(grad->tolerance)));
        const auto [margin, sensitivity, ms] = numbers_of(record);
        rows += fmt::format(
            "<tr><th scope=\"row\"><code>{}</code></th><td class=\"text\">{}</td><td>{}</td><td>{}</td><td>{}</td><td "
            "class=\"text\">{}{}</td></tr>\n",
            escaped(fmt::format("{} {}", record.trial.subject, to_string(record.trial.split))),
            mark(record.verdict.outcome), margin, sensitivity, ms, bound, problems);
    }
    return fmt::format(
        "<h2>Splits</h2><div class=\"wide\"><table><thead><tr><th scope=\"col\">per_device x accum x devices</th><th "
        "scope=\"col\" class=\"text\">outcome</th>"
        "<th scope=\"col\" title=\"largest distance from the truth, as a share of what rounding may cause\">margin</th>"
        "<th scope=\"col\" title=\"smallest relative error of one sample's weight that would have been "
        "divergent\">sensitivity</th>"
        "<th scope=\"col\">ms/step</th><th scope=\"col\" class=\"text\">worst gradient: distance ≤ "
        "allowed</th></tr></thead><tbody>\n{}</tbody></table></div>\n",
        rows);
}

/// The weights as bars against the line at 1: what mean-of-means looks like at a glance.
std::string weight_table(const Finding& finding) {
    double largest = 1;
    for (const WeightLine& line : finding.weights)
        if (std::isfinite(line.recovered)) largest = std::max(largest, std::abs(line.recovered));
    std::string rows;
    for (const WeightLine& line : finding.weights) {
        const double share =
            std::isfinite(line.recovered) ? std::abs(line.recovered) / largest : std::isinf(line.recovered);
        rows += fmt::format(
            "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td><td>{:g}</td><td>{}</td><td>{}</td>"
            "<td class=\"text\"><span class=\"bar\" style=\"width:{:.2f}rem\"></span></td></tr>\n",
            escaped(first_characters(line.sample, 24)), line.rank, line.micro, line.units,
            weight_text(line.recovered, "no gradient"), weight_text(line.predicted, "-"), 10 * share);
    }
    return fmt::format(
        "<div class=\"wide\"><table><thead><tr><th scope=\"col\">sample</th><th scope=\"col\">rank</th><th "
        "scope=\"col\">micro</th>"
        "<th scope=\"col\">units</th><th scope=\"col\">recovered weight</th><th scope=\"col\">predicted</th><th "
        "scope=\"col\" class=\"text\">(1 = right)</th>"
        "</tr></thead><tbody>\n{}</tbody></table></div>\n",
        rows);
}

/// What is left of the earlier windows' gradients, and how well the named cause predicts all that was recovered.
std::string beside_weights(const Finding& finding) {
    std::string text;
    for (std::size_t i = 0; i < finding.stale.size(); ++i)
        text += fmt::format("<li>gradient of {} window(s) before: {}</li>\n", finding.stale.size() - i,
                            weight_text(finding.stale[i], "-"));
    if (!std::isnan(finding.worst_error))
        text += fmt::format("<li>largest distance between prediction and recovery in the whole matrix: {:.2g}</li>\n",
                            finding.worst_error);
    return text.empty() ? text : fmt::format("<ul>\n{}</ul>\n", text);
}

std::string finding_part(const Finding& finding) {
    std::string names, rivals;
    for (const Cause cause : finding.causes)
        names += fmt::format("{}{}", names.empty() ? "" : " or ", to_string(cause));
    for (const Rival& rival : finding.rivals)
        rivals += fmt::format("<li>not <b>{}</b>: {}</li>\n", to_string(rival.cause), escaped(rival.ruled_out_by));
    std::string text = fmt::format("<h2>Found: {}</h2>\n<p>{}</p>\n<p>First seen: {} in <code>{}</code></p>\n", names,
                                   escaped(finding.summary), escaped(to_string(finding.first)), escaped(finding.trial));
    if (!finding.weights.empty())
        text += fmt::format("<p>Weight = {}</p>\n{}{}", escaped(formula(finding.causes.front())), weight_table(finding),
                            beside_weights(finding));
    if (!rivals.empty()) text += fmt::format("<h3>Ruled out</h3>\n<ul>\n{}</ul>\n", rivals);
    if (!finding.separated_by.empty())
        text += fmt::format("<p><b>To tell them apart:</b> {}</p>\n", escaped(finding.separated_by));
    return text +
           fmt::format("<p><b>Remedy.</b> {}</p>\n<p>Seen before in: {}</p>\n<p>Repeat with <code>{}</code></p>\n",
                       escaped(finding.remedy), escaped(finding.precedent), escaped(finding.repro));
}

std::string claim_part(const Result& result) {
    std::string rows;
    for (const ClaimStatus& status : result.claims)
        rows +=
            fmt::format("<tr><th scope=\"row\">{} {}</th><td class=\"text\">{}</td><td class=\"text\">{}</td></tr>\n",
                        escaped(status.subject), to_string(status.claim), escaped(meaning(status.claim)),
                        status.tested_by > 0 ? fmt::format("{} trials could have shown a breach", status.tested_by)
                                             : fmt::format("<b>untested{}</b>: {}", status.allowed ? " (allowed)" : "",
                                                           escaped(how_to_test(status.claim))));
    if (rows.empty()) return {};
    return fmt::format(
        "<h2>What was claimed, and could it have failed?</h2><div "
        "class=\"wide\"><table><tbody>\n{}</tbody></table></div>\n",
        rows);
}

}  // namespace

std::string html_page(const Result& result) {
    std::string notes, findings;
    for (const std::string& note : result.notes) notes += fmt::format("<li>{}</li>\n", escaped(note));
    for (const Finding& finding : result.findings) findings += finding_part(finding);
    for (const Waste& waste : result.waste)
        findings += fmt::format(
            "<h2>Paid for nothing</h2>\n<p>{}</p>\n<p><b>Remedy.</b> {}</p>\n<p>Repeat with <code>{}</code></p>\n",
            escaped(waste.summary), escaped(waste.remedy), escaped(waste.repro));
    return fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width,initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        "<title>isobatch: {0}</title>\n<style>{1}</style></head>\n<body><main>\n<h1>isobatch</h1>\n<p class=\"answer "
        "{2}\">{3} {4}</p>\n{5}{6}{7}"
        "<h2>How it was run</h2>\n<p><code>{8}</code></p>\n<ul>\n{9}</ul>\n</main></body></html>\n",
        to_string(result.outcome), style, to_string(result.outcome), sign_of(result.outcome), escaped(result.summary),
        findings, split_rows(result), claim_part(result), escaped(result.command), notes);
}

}  // namespace isobatch
