#include "plan/clause.h"

#include <array>

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

constexpr std::array said_of_claims{Claim::weighting, Claim::tail, Claim::schedule};

/// Blanks, commas and line ends part words; a # begins what nobody reads.
std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    bool comment = false;
    for (const char c : std::string(text) + "\n") {
        comment = c != '\n' && (comment || c == '#');
        if (!comment && std::string_view(" ,\t\r\n").find(c) == std::string_view::npos) {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::move(word));
            word.clear();
        }
    }
    return words;
}

template <class T>
void say(std::optional<T>& place, T value, const std::string& word, const std::string& where) {
    if (place) throw Error(fmt::format("\"{}\" says again what was said", word), where, "say each thing once");
    place = value;
}

Claim claim_from(const std::string& text) {
    for (const Claim claim : said_of_claims)
        if (to_string(claim) == text) return claim;
    throw Error(fmt::format("unknown claim \"{}\"", printable(text.substr(0, 80))), "contract",
                "the file was written by another version");
}

}  // namespace

std::string word_for(Claim claim, const Contract& contract) {
    switch (claim) {
        case Claim::weighting:
            return to_string(contract.weighting);
        case Claim::tail:
            return contract.keeps_tail ? "keeps-tail" : "drops-tail";
        case Claim::schedule:
            return contract.schedule_varies ? "schedule-in-updates" : "constant-rate";
        case Claim::scale:
        case Claim::state:
        case Claim::bits:
        case Claim::identities:
        case Claim::trajectory:
            break;
    }
    broken_promise("claim", "nothing that a trainer says", __FILE__, __LINE__);
}

Said parse_said(std::string_view text, const std::string& where) {
    Said said;
    const std::vector<std::string> words = words_of(text);
    for (const std::string& word : words) {
        bool known = false;
        for (const bool yes : {true, false}) {
            const Contract one{yes ? Weighting::token_mean : Weighting::sample_mean, yes, yes};
            if (word == word_for(Claim::weighting, one))
                say(said.weighting, one.weighting, word, where), known = true;
            else if (word == word_for(Claim::tail, one))
                say(said.keeps_tail, yes, word, where), known = true;
            else if (word == word_for(Claim::schedule, one))
                say(said.schedule_varies, yes, word, where), known = true;
        }
        if (!known)
            throw Error(fmt::format("\"{}\" is nothing that a trainer can claim", printable(word.substr(0, 80))), where,
                        "write token-mean or sample-mean, keeps-tail or drops-tail, schedule-in-updates or "
                        "constant-rate; or the path of a file that holds these words");
    }
    if (words.empty()) throw Error("nothing is claimed", where, "write such as token-mean,keeps-tail");
    return said;
}

Said said_of(const std::optional<Contract>& contract) {
    return contract ? Said{contract->weighting, contract->keeps_tail, contract->schedule_varies} : Said{};
}

std::string to_string(Stance stance) {
    switch (stance) {
        case Stance::kept:
            return "kept";
        case Stance::broken:
            return "broken";
        case Stance::unseen:
            return "unseen";
    }
    broken_promise("stance", "unknown stance", __FILE__, __LINE__);
}

std::string to_string(const Clause& clause) {
    const bool kept = clause.stance == Stance::kept;
    if (clause.word.empty())
        return fmt::format("of the {} nothing is claimed or assumed: {}", to_string(clause.claim), clause.reason);
    const char* how = clause.stance == Stance::broken ? "claimed and not kept"
                      : clause.given ? (kept ? "claimed and kept" : "claimed, and nothing here shows it")
                                     : (kept ? "inferred" : "assumed");
    return fmt::format("{}: {} ({})", how, clause.word, clause.reason);
}

Json to_json(const Clause& clause) {
    return {{"claim", to_string(clause.claim)},
            {"word", clause.word},
            {"given", clause.given},
            {"stance", to_string(clause.stance)},
            {"reason", clause.reason}};
}

Clause clause_from_json(const Json& object, const std::string& where) {
    return reading(where, [&] {
        Clause clause{claim_from(object.at("claim").get<std::string>()), object.at("word").get<std::string>(),
                      object.at("given").get<bool>(), Stance::unseen, object.at("reason").get<std::string>()};
        const auto stance = object.at("stance").get<std::string>();
        for (const Stance each : {Stance::kept, Stance::broken, Stance::unseen})
            if (to_string(each) == stance) {
                clause.stance = each;
                return clause;
            }
        throw Error(fmt::format("unknown stance \"{}\"", printable(stance.substr(0, 80))), where,
                    "the file was written by another version");
    });
}

}  // namespace isobatch
