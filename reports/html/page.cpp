#include "reports/html/page.h"

#include <map>

#include <fmt/format.h>

#include "base/sha256.h"
#include "reports/escaped.h"
#include "reports/html/claims.h"
#include "reports/html/costs.h"
#include "reports/html/elements.h"
#include "reports/html/findings.h"
#include "reports/html/glossary.h"
#include "reports/html/gradients.h"
#include "reports/html/lattice.h"
#include "reports/html/losses.h"
#include "reports/html/run.h"
#include "reports/html/script.h"
#include "reports/html/splits.h"
#include "reports/html/style.h"
#include "reports/html/weights.h"
#include "reports/html/windows.h"

namespace isobatch {

namespace {

/// How many trials have each outcome, the worst first.
std::string counts(const Result& result) {
    std::map<Outcome, int, std::greater<>> counts;
    for (const Record& record : result.records) ++counts[record.verdict.outcome];
    std::string items;
    for (const auto& [outcome, count] : counts) items += fmt::format("<li>{} {}</li>", count, mark(outcome));
    return items.empty() ? items : fmt::format("<ul class=\"counts\">{}</ul>\n", items);
}

struct Section {
    std::string_view id, name;
    std::string content;
};

/// Links to the sections that there are.
std::string contents(const std::vector<Section>& sections) {
    std::string items;
    for (const Section& section : sections)
        if (!section.content.empty()) items += fmt::format("<li><a href=\"#{}\">{}</a></li>", section.id, section.name);
    return fmt::format("<nav aria-label=\"sections\"><ul>{}</ul></nav>\n", items);
}

}  // namespace

std::string html_page(const Result& result) {
    const std::vector<Section> sections{{"lattice", "At a glance", lattice_part(result)},
                                        {"findings", "What is wrong", findings_part(result)},
                                        {"splits", "Splits", splits_part(result)},
                                        {"weights", "Weights", split_weights_part(result)},
                                        {"gradients", "Gradients", gradients_part(result)},
                                        {"losses", "Losses", losses_part(result)},
                                        {"trajectories", "Trajectories", trajectories_part(result)},
                                        {"windows", "Data", windows_part(result)},
                                        {"identities", "Identities", identities_part(result)},
                                        {"claims", "Claims", claims_part(result)},
                                        {"costs", "Costs", costs_part(result)},
                                        {"run", "How it was run", run_part(result)},
                                        {"glossary", "Words", glossary_part()}};
    std::string body;
    for (const Section& section : sections) body += section.content;
    // Only this style and this script, whatever a name in a trace may hold.
    return fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width,initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; script-src "
        "'sha256-{}'; base-uri 'none'; form-action 'none'\">\n"
        "<title>isobatch: {}</title>\n<style>{}</style></head>\n<body><a class=\"skip\" href=\"#splits\">to the "
        "splits</a><main>\n<h1>isobatch</h1>\n<p class=\"answer {}\">{} "
        "{}</p>\n{}{}{}{}</main>\n<script>{}</script></body>"
        "</html>\n",
        sha256_base64(page_style), sha256_base64(page_script), to_string(result.outcome), page_style,
        to_string(result.outcome), sign_of(result.outcome), shortened(result.summary, 2000), counts(result),
        causes_found(result), contents(sections), body, page_script);
}

}  // namespace isobatch
