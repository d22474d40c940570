#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace isobatch {

/// One factorisation of the effective batch. Text: `8x4x2`.
struct Split {
    std::int64_t per_device = 1;
    std::int64_t accum = 1;
    std::int64_t devices = 1;

    /// Samples of one optimizer step; never overflows for a parsed or enumerated split.
    std::int64_t effective() const { return per_device * accum * devices; }

    auto operator<=>(const Split&) const = default;
};

std::string to_string(const Split& split);

/// Throws Error naming the field, the value and the valid form.
Split parse_split(std::string_view text);

/// The largest effective batch: far beyond any training run, small enough that no product of counts overflows.
inline constexpr std::int64_t max_effective = std::int64_t{1} << 40;

}  // namespace isobatch
