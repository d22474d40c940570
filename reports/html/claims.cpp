#include "reports/html/claims.h"

#include <map>

#include <fmt/format.h>

#include "reports/escaped.h"
#include "reports/html/elements.h"

namespace isobatch {

namespace {

constexpr std::size_t most_claims = 200;
constexpr std::size_t most_links = 30;

/// How the trials of a run stand one identity.
struct Stand {
    int held = 0;
    std::vector<const Record*> broken;
    std::map<std::string, int> unfit;  ///< trials by reason
};

std::string links(const Result& result, const std::vector<const Record*>& records) {
    std::string text;
    for (std::size_t i = 0; i < records.size() && i < most_links; ++i)
        text += (i > 0 ? ", " : "") + link_to(result, *records[i], name_of(*records[i]));
    return records.size() > most_links ? fmt::format("{} and {} more", text, records.size() - most_links) : text;
}

/// Whether somebody said it, and how the reference stands to it.
std::string source_of(const Clause& clause) {
    if (clause.stance == Stance::broken) return "<b>claimed and not kept</b>";
    if (clause.given) return clause.stance == Stance::kept ? "claimed and kept" : "claimed, not seen";
    if (clause.word.empty()) return "not claimed, not seen";
    return clause.stance == Stance::kept ? "inferred" : "assumed";
}

/// What an outside trainer says of itself, and what was inferred.
std::string clauses_table(const Result& result) {
    std::string rows;
    for (std::size_t i = 0; i < result.clauses.size() && i < most_claims; ++i) {
        const Clause& clause = result.clauses[i];
        rows += fmt::format(
            "<tr><th scope=\"row\">{}</th><td class=\"text\">{}</td><td class=\"text\">{}</td><td "
            "class=\"text\">{}</td></tr>\n",
            to_string(clause.claim), shortened(clause.word, 60), source_of(clause), shortened(clause.reason, 1000));
    }
    if (rows.empty()) return {};
    return table("What the contract rests on",
                 {{"claim", "", true},
                  {"promise", "", true},
                  {"from where", "claimed by the trainer, inferred from its reference, or assumed", true},
                  {"what shows it", "", true}},
                 rows) +
           left_out(std::min(most_claims, result.clauses.size()), result.clauses.size(), "promises");
}

}  // namespace

std::string claims_part(const Result& result) {
    std::string rows;
    std::size_t shown = 0;
    for (const ClaimStatus& status : result.claims) {
        if (++shown > most_claims) break;
        rows +=
            fmt::format("<tr><th scope=\"row\">{} {}</th><td class=\"text\">{}</td><td class=\"text\">{}</td></tr>\n",
                        shortened(status.subject, 60), to_string(status.claim), escaped(meaning(status.claim)),
                        status.tested_by > 0 ? fmt::format("{} trials could have shown a breach", status.tested_by)
                                             : fmt::format("<b>untested{}</b>: {}", status.allowed ? " (allowed)" : "",
                                                           escaped(how_to_test(status.claim))));
    }
    if (rows.empty()) return {};
    return part("claims", "What was claimed, and could it have failed?",
                clauses_table(result) +
                    table("Claims of the contract",
                          {{"claim", "", true}, {"what it promises", "", true}, {"was it tested?", "", true}}, rows) +
                    left_out(std::min(shown, most_claims), result.claims.size(), "claims"));
}

std::string identities_part(const Result& result) {
    std::map<Identity, Stand> stands;
    for (const Record& record : result.records)
        for (const IdentityStatus& status : record.verdict.identities) {
            Stand& stand = stands[status.identity];
            if (status.windows == 0)
                ++stand.unfit[status.unfit];
            else if (status.broken > 0)
                stand.broken.push_back(&record);
            else
                ++stand.held;
        }
    std::string rows;
    for (const auto& [identity, stand] : stands) {
        std::string unfit;
        for (const auto& [reason, trials] : stand.unfit)
            unfit += fmt::format("<div>{}: {}</div>", trials, shortened(reason, 200));
        rows += fmt::format(
            "<tr><th scope=\"row\">{}</th><td class=\"text\">{}</td><td>{}</td><td class=\"text\">{}</td><td "
            "class=\"text\">{}</td></tr>\n",
            to_string(identity), escaped(meaning(identity)), stand.held, links(result, stand.broken), unfit);
    }
    if (rows.empty()) return {};
    return part("identities", "Identities: two ways to cut a window that must have the same bits",
                table("Identities",
                      {{"identity", "", true},
                       {"what must hold", "", true},
                       {"held by", "trials in which every tried window had the same bits"},
                       {"broken by", "trials in which some window had not", true},
                       {"does not fit", "trials in which rounding may tell the two apart, and why", true}},
                      rows));
}

}  // namespace isobatch
