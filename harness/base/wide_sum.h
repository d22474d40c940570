#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

namespace isobatch {

/// Limbs of an element of a WideSum. Limb l counts units of 2^(32 l - 149): the smallest fp32 number is one of the
/// first, and the last bit of the largest is bit 253 of the whole, so that an addend lies in two limbs below the tenth.
inline constexpr int wide_limbs = 9;

/// What a finite number adds to a limb and to the next one.
struct WideParts {
    int limb = 0;
    std::int64_t low = 0, high = 0;
};

/// Of the bits of a finite fp32 number.
constexpr WideParts wide_parts(std::uint32_t bits) {
    const std::uint32_t exponent = bits >> 23 & 255U, fraction = bits & 0x7fffffU;
    const std::uint32_t at = exponent > 0 ? exponent - 1 : 0;  // of its last bit
    const std::uint64_t shifted = std::uint64_t{exponent > 0 ? fraction | 0x800000U : fraction} << at % 32;
    const auto low = static_cast<std::int64_t>(shifted & 0xffffffffU), high = static_cast<std::int64_t>(shifted >> 32);
    const bool negative = bits >> 31 != 0;
    return {static_cast<int>(at / 32), negative ? -low : low, negative ? -high : high};
}

constexpr bool is_finite_fp32(std::uint32_t bits) {
    return (bits >> 23 & 255U) != 255;
}

/// The bits of the fp32 number that is nearest to an element, ties to even; what is too large is infinite.
constexpr std::uint32_t wide_rounded(const std::int64_t (&limbs)[wide_limbs]) {
    constexpr int digits = wide_limbs + 1;  // the last one for what the addends carry
    std::uint32_t digit[digits] = {};
    std::int64_t carry = 0;
    for (int l = 0; l < wide_limbs; ++l) {
        carry += limbs[l];
        digit[l] = static_cast<std::uint32_t>(carry);
        carry >>= 32;
    }
    digit[wide_limbs] = static_cast<std::uint32_t>(carry);
    const std::uint32_t sign = carry < 0 ? 0x80000000U : 0;
    if (sign != 0) {
        std::uint64_t more = 1;  // the two's complement
        for (std::uint32_t& one : digit) {
            more += static_cast<std::uint32_t>(~one);
            one = static_cast<std::uint32_t>(more);
            more >>= 32;
        }
    }
    const auto is_set = [&](int bit) { return (digit[bit / 32] >> bit % 32 & 1U) != 0; };
    int top = 32 * digits - 1;
    while (top >= 0 && !is_set(top)) --top;
    if (top < 24) return sign | digit[0];  // as it is: a subnormal number's bits are its units, and the next 2^23 too
    const int last = top - 23;
    std::uint32_t mantissa = 0;
    for (int bit = top; bit >= last; --bit) mantissa = 2 * mantissa + (is_set(bit) ? 1 : 0);
    bool rest = false;
    for (int bit = 0; bit < last - 1; ++bit) rest = rest || is_set(bit);
    if (is_set(last - 1) && (rest || mantissa % 2 != 0)) ++mantissa;
    constexpr std::uint32_t infinite = 0x7f800000U;
    if (last >= 254) return sign | infinite;
    const std::uint32_t rounded = (static_cast<std::uint32_t>(last) << 23) + mantissa;  // a carry raises the exponent
    return sign | (rounded < infinite ? rounded : infinite);
}

/// What is known of wide sums besides their limbs. No limb of 64 bits overflows before 2^30 addends below 2^32.
struct WideTally {
    std::int64_t added = 0;   ///< how many addends each element has
    bool not_finite = false;  ///< an addend was infinite or NaN, and was left out

    bool holds() const { return !not_finite && added <= std::int64_t{1} << 30; }
};

/// Sums of fp32 numbers of any size that are exact until they are read: no quantum is chosen, so nothing need be known
/// of what is added, and nothing is rounded but the result. They cost nine counts an element, and two additions each.
struct WideSum : WideTally {
    std::vector<std::int64_t> limbs;  ///< limb l of element i at l · size + i

    explicit WideSum(std::size_t size) : limbs(wide_limbs * size) {}
    std::size_t size() const { return limbs.size() / wide_limbs; }
};

/// Adds a value to each element. Of as many values as the sum has elements.
void add(WideSum& sum, std::span<const float> values);

/// Of one size.
void merge(WideSum& into, const WideSum& part);

/// The sums, each rounded once. All NaN where the sum does not hold.
void read(const WideSum& sum, std::span<float> values);

}  // namespace isobatch
