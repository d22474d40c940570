#include "base/exact_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/check.h"

namespace isobatch {

namespace {

/// Added to a number within 2^51 it makes one between 2^52 and 2^53, where doubles are the whole numbers and their bits
/// count them: the sum is rounded to a whole number, ties to even, and the difference of the bits is that number. No
/// set of instructions below AVX-512 has another way from a vector of doubles to one of integers.
constexpr double whole_numbers = 0x1.8p52;
constexpr std::int64_t whole_numbers_bits = std::bit_cast<std::int64_t>(whole_numbers);

/// Returns whether the addend was within the limit: what is not counts as zero. The scale turns a value into quanta, so
/// that weight and rounding are one operation.
template <class T>
bool add_one(std::int64_t& count, T value, double scale, double limit) {
    const double shifted = std::fma(static_cast<double>(value), scale, whole_numbers);
    const bool within = std::abs(shifted - whole_numbers) <= limit;
    if (within) count += std::bit_cast<std::int64_t>(shifted) - whole_numbers_bits;
    return within;
}

/// As in judge/scan_lanes.h: the hardware does not keep far enough ahead of several streams.
template <class T>
void prefetch(const T* from) {
    __builtin_prefetch(reinterpret_cast<const char*>(from) + 1024);
}

#ifdef __x86_64__

namespace avx512 {
#define TARGET __attribute__((target("avx512f")))
constexpr std::size_t width = 8;
TARGET inline void widen(const float* from, auto& to) {
    to = reinterpret_cast<std::remove_reference_t<decltype(to)>>(_mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(from)));
}
TARGET inline void fused(const auto& x, double y, double z, auto& to) {
    to = _mm512_fmadd_pd(x, _mm512_set1_pd(y), _mm512_set1_pd(z));
}
#include "base/exact_sum_lanes.h"
#undef TARGET
}  // namespace avx512

namespace avx2 {
#define TARGET __attribute__((target("avx2,fma")))
constexpr std::size_t width = 4;
TARGET inline void widen(const float* from, auto& to) {
    to = _mm256_cvtps_pd(_mm_loadu_ps(from));
}
TARGET inline void fused(const auto& x, double y, double z, auto& to) {
    to = _mm256_fmadd_pd(x, _mm256_set1_pd(y), _mm256_set1_pd(z));
}
#include "base/exact_sum_lanes.h"
#undef TARGET
}  // namespace avx2

#endif

namespace portable {
template <class T>
bool add(std::int64_t* counts, const T* values, std::size_t count, double scale, double limit) {
    bool all = true;
    for (std::size_t i = 0; i < count; ++i) all = add_one(counts[i], values[i], scale, limit) && all;
    return all;
}
}  // namespace portable

template <class T>
bool add_widest(std::int64_t* counts, const T* values, std::size_t count, double scale, double limit) {
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f")) return avx512::add(counts, values, count, scale, limit);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return avx2::add(counts, values, count, scale, limit);
#endif
    return portable::add(counts, values, count, scale, limit);
}

template <class T>
void add_values(ExactSum& sum, std::span<const T> values, double weight) {
    ISOBATCH_CHECK(values.size() == sum.counts.size(), "a sum and its addends have one size");
    const std::optional<double> scale = sum.next_scale(weight);
    if (!scale) return;
    const double limit = std::ldexp(1, sum.quantum.count_bits);
    if (!add_widest(sum.counts.data(), values.data(), values.size(), *scale, limit)) sum.out_of_range = true;
}

template <class T>
void read_values(const ExactSum& sum, std::span<T> values) {
    ISOBATCH_CHECK(values.size() == sum.counts.size(), "a sum is read into as many values");
    const double quantum = sum.quantum.value();
    for (std::size_t i = 0; i < values.size(); ++i)  // the first conversion rounds: to a double first would be twice
        values[i] = sum.holds() ? static_cast<T>(static_cast<double>(static_cast<T>(sum.counts[i])) * quantum)
                                : std::numeric_limits<T>::quiet_NaN();
}

/// The smallest k with 2^k >= value.
int bits_above(double value) {
    int exponent = 0;
    const double fraction = std::frexp(value, &exponent);
    return fraction == 0.5 ? exponent - 1 : exponent;
}

}  // namespace

double Quantum::value() const {
    return std::ldexp(1, exponent);
}

std::optional<double> Tally::next_scale(double weight) {
    ++added;
    const double scale = std::ldexp(weight, -quantum.exponent);
    const bool exact = std::ldexp(scale, quantum.exponent) == weight;  // not for an extreme weight, nor for NaN
    if (!exact) out_of_range = true;
    return holds() ? std::optional(scale) : std::nullopt;  // an addend more could overflow
}

Quantum quantum_for(double largest, std::int64_t addends) {
    ISOBATCH_CHECK(addends >= 1 && addends <= std::int64_t{1} << 50, "a sum has 1 to 2^50 addends");
    const double bound = std::isfinite(largest) ? std::abs(largest) : std::numeric_limits<double>::max();
    const int count_bits = std::min(51, 62 - bits_above(static_cast<double>(addends)));
    constexpr int smallest = -1022;  // of a quantum, for its reciprocal to be a number
    const int exponent = bound == 0 ? smallest : std::max(smallest, bits_above(bound) - count_bits);
    return {exponent, count_bits, addends};
}

void add(ExactSum& sum, std::span<const float> values, double weight) {
    add_values(sum, values, weight);
}

void add(ExactSum& sum, std::span<const double> values, double weight) {
    add_values(sum, values, weight);
}

void merge(ExactSum& into, const ExactSum& part) {
    ISOBATCH_CHECK(into.quantum == part.quantum && into.counts.size() == part.counts.size(),
                   "merged sums have one quantum and one size");
    into.added += part.added;
    into.out_of_range = into.out_of_range || part.out_of_range;
    if (!into.holds()) return;  // these could overflow too
    for (std::size_t i = 0; i < into.counts.size(); ++i) into.counts[i] += part.counts[i];
}

void read(const ExactSum& sum, std::span<double> values) {
    read_values(sum, values);
}

void read(const ExactSum& sum, std::span<float> values) {
    read_values(sum, values);
}

}  // namespace isobatch
