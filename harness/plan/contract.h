#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace isobatch {

/// What the loss of an optimizer step averages over.
enum class Weighting { token_mean, sample_mean };

std::string to_string(Weighting weighting);
Weighting parse_weighting(std::string_view text);

/// What a trainer claims, and is held to in every split: the weighting of the loss, that an epoch's ragged tail is
/// trained on, that the schedule counts optimizer steps, and that nothing is rounded.
struct Contract {
    Weighting weighting = Weighting::token_mean;
    bool keeps_tail = true;
    bool schedule_varies = true;  ///< false: a constant learning rate, nothing to hold the schedule to
    bool exact = false;           ///< on data of few bits, where no order of evaluation rounds: the same bits
    /// Declared: what a sample adds depends on which others share its micro, as where statistics of the batch or
    /// negatives in it are used. Nothing is then promised between splits; each is held to its own micros.
    bool couples_samples = false;

    bool operator==(const Contract&) const = default;
};

/// null for a trainer whose claims are not known.
Json to_json(const std::optional<Contract>& contract);
std::optional<Contract> contract_from_json(const Json& value, const std::string& where);

}  // namespace isobatch
