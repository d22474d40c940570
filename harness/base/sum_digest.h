#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace isobatch {

/// A digest of 128 bits that is a sum over units of 16 bytes, each mixed with its place: the units may be taken in any
/// order and by any number of threads, and yet two that change places change it. It is the universal hash NH with words
/// of 64 bits. For random keys, two different texts of one length collide with a probability of at most 2^-64; the keys
/// here are fixed, so it tells accidents and bugs, not an adversary.
struct SumDigest {
    std::uint64_t low = 0, high = 0;  ///< of the sum modulo 2^128

    bool operator==(const SumDigest&) const = default;
};

SumDigest sum_digest(std::span<const std::byte> bytes);

/// `nh128:` and 32 digits.
std::string to_string(const SumDigest& digest);

// What a kernel does too is here, in one source for both: a unit, and two parts.

constexpr SumDigest merged(const SumDigest& a, const SumDigest& b) {
    const std::uint64_t low = a.low + b.low;
    return {low, a.high + b.high + (low < a.low ? 1 : 0)};
}

/// The key of a place: an output of SplitMix64.
constexpr std::uint64_t sum_digest_key(std::uint64_t place) {
    std::uint64_t mixed = (place + 1) * 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
}

/// Of the unit with these two little-endian words. Unit 0 is {number of bytes, 0}; the text's own begin at 1, the last
/// filled up with zeros.
constexpr SumDigest digest_of_unit(std::uint64_t unit, std::uint64_t first, std::uint64_t second) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(first + sum_digest_key(2 * unit)) * (second + sum_digest_key(2 * unit + 1));
    return {static_cast<std::uint64_t>(product), static_cast<std::uint64_t>(product >> 64)};
}

}  // namespace isobatch
