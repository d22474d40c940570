#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <span>

namespace isobatch {

/// How far two spans of one length are apart, in every measure. What one look at all elements gives, in any order of
/// looking; the first four are those of judge/compare.h.
struct Gap {
    double largest = 0;         ///< max |a - b|; infinite where either is NaN or an infinity meets anything but itself
    std::int64_t at = -1;       ///< index of the largest, the first of equals; -1 when all are equal
    std::int64_t over = 0;      ///< how many are further apart than allowed
    std::int64_t first = -1;    ///< index of the first of them
    double relative = 0;        ///< max of |a - b| ÷ the larger of |a| and |b|; infinite where the distance is
    std::uint64_t ulps = 0;     ///< the most steps between neighbouring numbers from one to the other, NaN aside
    std::int64_t nans = 0;      ///< elements where either is NaN
    std::int64_t infinite = 0;  ///< elements where either is infinite and neither is NaN

    bool operator==(const Gap&) const = default;
};

/// In fp64. Steps are those of the first span's format, to which the second is rounded.
Gap gap(std::span<const double> a, std::span<const double> b, double allowed);
Gap gap(std::span<const float> a, std::span<const double> b, double allowed);
Gap gap(std::span<const float> a, std::span<const float> b, double allowed);

// What a kernel does too is here, in one source for both: an element, and two parts.

/// The place of a number among all of its format, both zeros at 0.
constexpr std::int64_t rank_of(double value) {
    const auto bits = std::bit_cast<std::int64_t>(value);
    return bits < 0 ? -(bits & INT64_MAX) : bits;
}

constexpr std::int64_t rank_of(float value) {
    const auto bits = std::bit_cast<std::int32_t>(value);
    return bits < 0 ? -std::int64_t{bits & INT32_MAX} : bits;
}

constexpr double size_of(double value) {
    return value < 0 ? -value : value;
}

/// Takes in one pair of elements, behind those that the part has seen.
template <class A, class B>
constexpr void take(Gap& part, A a, B b, std::int64_t index, double allowed) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const double x = static_cast<double>(a), y = static_cast<double>(b);
    const bool finite = size_of(x) < infinity && size_of(y) < infinity;
    const bool nan = x != x || y != y;
    if (!finite) ++(nan ? part.nans : part.infinite);
    if (x == y) return;
    const double difference = size_of(x - y);
    const double distance = difference == difference ? difference : infinity;
    if (distance > allowed && part.over++ == 0) part.first = index;
    if (distance > part.largest) {
        part.largest = distance;
        part.at = index;
    }
    const double size = size_of(x) > size_of(y) ? size_of(x) : size_of(y);
    // Most ratios cannot be the largest: no division for these. The factor outweighs the rounding of the products.
    if (distance == infinity)
        part.relative = infinity;
    else if (distance >= part.relative * size * (1 - 0x1p-50) && distance / size > part.relative)
        part.relative = distance / size;
    if (nan) return;
    const std::int64_t from = rank_of(a), to = rank_of(static_cast<A>(b));
    const std::uint64_t steps = from > to ? static_cast<std::uint64_t>(from) - static_cast<std::uint64_t>(to)
                                          : static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
    if (steps > part.ulps) part.ulps = steps;
}

/// What both parts have seen.
constexpr Gap merged(const Gap& a, const Gap& b) {
    Gap both = a;
    if (b.largest > a.largest || (b.largest == a.largest && b.at >= 0 && b.at < a.at)) {
        both.largest = b.largest;
        both.at = b.at;
    }
    if (b.first >= 0 && (a.first < 0 || b.first < a.first)) both.first = b.first;
    both.over += b.over;
    both.nans += b.nans;
    both.infinite += b.infinite;
    both.relative = a.relative < b.relative ? b.relative : a.relative;
    both.ulps = a.ulps < b.ulps ? b.ulps : a.ulps;
    return both;
}

}  // namespace isobatch
