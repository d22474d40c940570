#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "plan/split.h"

namespace isobatch {

/// All splits of one effective batch: what is claimed to train identically.
struct Isobatch {
    std::int64_t effective = 16;
    /// Bounds per axis; 0 means none.
    std::int64_t max_per_device = 0;
    std::int64_t max_accum = 0;
    std::int64_t max_devices = 0;

    /// The single large batch that every other split is compared with.
    Split reference() const { return {effective, 1, 1}; }

    bool operator==(const Isobatch&) const = default;
};

/// Every ordered factorisation within the bounds, largest per_device first, then largest accum. Throws Error when
/// `effective` or a bound is out of range.
std::vector<Split> splits_of(const Isobatch& isobatch);

/// A comma-separated list of splits that all have this effective batch. Throws Error with the nearest splits that do.
std::vector<Split> parse_splits(std::string_view text, std::int64_t effective);

/// The divisors of `value`, ascending.
std::vector<std::int64_t> divisors(std::int64_t value);

}  // namespace isobatch
