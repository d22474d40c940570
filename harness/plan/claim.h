#pragma once

#include <array>
#include <string>
#include <vector>

#include "plan/contract.h"
#include "plan/layout.h"
#include "plan/split.h"

namespace isobatch {

/// What a trainer's contract promises about every split. A promise is only tested where the split and its windows could
/// have broken it; that is the claim's power.
enum class Claim { scale, weighting, tail, schedule, state, bits, identities, trajectory };

inline constexpr std::array all_claims{Claim::scale, Claim::weighting, Claim::tail,       Claim::schedule,
                                       Claim::state, Claim::bits,      Claim::identities, Claim::trajectory};

std::string to_string(Claim claim);

/// What the claim promises, as a sentence.
std::string meaning(Claim claim);

/// What a trial was asked for beside its contract.
struct Asked {
    bool identities = false, trajectory = false;
};

/// Whether the contract makes this claim at all, or it is made of whoever is asked.
bool claimed(Claim claim, const Contract& contract, const Asked& asked);

/// Whether this split, cut into these windows, could have shown a breach of the claim.
bool has_power(Claim claim, const Split& split, const std::vector<WindowLayout>& windows);

/// What to change so that the claim can be tested.
std::string how_to_test(Claim claim);

}  // namespace isobatch
