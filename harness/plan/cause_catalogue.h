#pragma once

#include <algorithm>
#include <iterator>

#include "plan/causes_beside_weights.h"
#include "plan/causes_of_weights.h"

namespace isobatch {

/// Of every cause, in the order of the enumerators, so that one finds the other.
inline constexpr auto cause_catalogue = [] {
    std::array<CauseEntry, std::size(causes_of_weights) + std::size(causes_beside_weights)> all{};
    std::copy(std::begin(causes_beside_weights), std::end(causes_beside_weights),
              std::copy(std::begin(causes_of_weights), std::end(causes_of_weights), all.begin()));
    return all;
}();

static_assert(cause_catalogue.size() == all_causes.size());
static_assert(std::equal(all_causes.begin(), all_causes.end(), cause_catalogue.begin(),
                         [](Cause cause, const CauseEntry& entry) { return cause == entry.cause; }));

}  // namespace isobatch
