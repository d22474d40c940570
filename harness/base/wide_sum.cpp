#include "base/wide_sum.h"

#include <limits>

#include "base/check.h"

namespace isobatch {

void add(WideSum& sum, std::span<const float> values) {
    const std::size_t size = sum.size();
    ISOBATCH_CHECK(values.size() == size, "a sum and its addends have one size");
    ++sum.added;
    if (!sum.holds()) return;
    for (std::size_t i = 0; i < size; ++i) {
        const auto bits = std::bit_cast<std::uint32_t>(values[i]);
        sum.not_finite = sum.not_finite || !is_finite_fp32(bits);
        if (!is_finite_fp32(bits)) continue;
        const WideParts parts = wide_parts(bits);
        std::int64_t* const limb = &sum.limbs[static_cast<std::size_t>(parts.limb) * size + i];
        limb[0] += parts.low;
        limb[size] += parts.high;
    }
}

void merge(WideSum& into, const WideSum& part) {
    ISOBATCH_CHECK(into.limbs.size() == part.limbs.size(), "two sums of one size");
    into.added += part.added;
    into.not_finite = into.not_finite || part.not_finite;
    if (!into.holds()) return;
    for (std::size_t i = 0; i < into.limbs.size(); ++i) into.limbs[i] += part.limbs[i];
}

void read(const WideSum& sum, std::span<float> values) {
    const std::size_t size = sum.size();
    ISOBATCH_CHECK(values.size() == size, "a sum is read into as many values");
    for (std::size_t i = 0; i < size; ++i) {
        std::int64_t limbs[wide_limbs];
        for (std::size_t l = 0; l < wide_limbs; ++l) limbs[l] = sum.limbs[l * size + i];
        values[i] = sum.holds() ? std::bit_cast<float>(wide_rounded(limbs)) : std::numeric_limits<float>::quiet_NaN();
    }
}

}  // namespace isobatch
