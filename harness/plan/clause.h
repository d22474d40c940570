#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "plan/claim.h"
#include "plan/contract.h"

namespace isobatch {

/// What an outside trainer says of itself; what it leaves open is read off its reference.
struct Said {
    std::optional<Weighting> weighting;
    std::optional<bool> keeps_tail, schedule_varies;

    bool operator==(const Said&) const = default;
};

/// `token-mean,keeps-tail,schedule-in-updates`: one word a claim, between commas, blanks or line ends; what follows a #
/// is a comment. `where` names the option or the file. Throws Error for what is no such word, said twice or not at all.
Said parse_said(std::string_view text, const std::string& where);

/// All that a contract promises, as if it had been said.
Said said_of(const std::optional<Contract>& contract);

/// The word that says what the contract promises of weighting, tail or schedule.
std::string word_for(Claim claim, const Contract& contract);

/// How the reference's own run stands to something said of the trainer, or to what is taken for granted of it.
enum class Stance { kept, broken, unseen };

std::string to_string(Stance stance);

/// One promise of an outside trainer. Of what nobody said, the word is what the reference does (kept), or what is
/// assumed because nothing shows it (unseen; no word where nothing is assumed either).
struct Clause {
    Claim claim = Claim::weighting;
    std::string word;
    bool given = false;  ///< the trainer says so
    Stance stance = Stance::unseen;
    std::string reason;  ///< what shows it, or why nothing does

    bool operator==(const Clause&) const = default;
};

/// `claimed and not kept: keeps-tail (…)`
std::string to_string(const Clause& clause);

Json to_json(const Clause& clause);
Clause clause_from_json(const Json& object, const std::string& where);

}  // namespace isobatch
