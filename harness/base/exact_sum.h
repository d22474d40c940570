#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace isobatch {

/// What one unit of a count stands for, chosen before anything is added: whoever adds to one sum has the same.
///
/// Why a sum cannot overflow: with L <= 2^m the stated largest magnitude and n <= 2^k the stated number of addends, the
/// quantum is 2^exponent with exponent >= m - count_bits and count_bits <= 62 - k. So an addend within L is at most
/// 2^count_bits quanta, also after rounding (a whole number, and rounding is monotone), and n of them at most 2^62:
/// every partial sum, in any order and grouping, fits into 64 bits with its sign. count_bits is at most 51, below which
/// a double's own addition rounds to whole numbers.
struct Quantum {
    int exponent = 0;          ///< a unit is 2^exponent
    int count_bits = 51;       ///< one addend is at most 2^count_bits units
    std::int64_t addends = 1;  ///< how many may be added to one element

    double value() const;  ///< 2^exponent
    bool operator==(const Quantum&) const = default;
};

/// The smallest quantum for that many addends (1 to 2^50) of at most that magnitude, weight included. At most 2^-40 of
/// the largest magnitude up to 2^22 addends. A largest that is not finite is taken as the largest double.
Quantum quantum_for(double largest, std::int64_t addends);

/// What is known of sums besides their counts.
struct Tally {
    Quantum quantum;
    std::int64_t added = 0;     ///< how many addends each element has
    bool out_of_range = false;  ///< an addend was above the stated largest, infinite or NaN, and was left out

    /// Whether the sum is the sum: nothing left out, and no more added than was stated.
    bool holds() const { return !out_of_range && added <= quantum.addends; }
    /// Counts one addend more. By what its values are multiplied to be quanta, weight included; nothing where they must
    /// not be added, since the sum no longer holds.
    std::optional<double> next_scale(double weight);
};

/// Sums whose bits depend neither on the order nor on the grouping of what is added: whole numbers of quanta, since the
/// addition of integers is associative. Each addend, value times weight, is rounded once, to the nearest quantum and
/// ties to even, so an element is off by at most half a quantum for every addend.
struct ExactSum : Tally {
    std::vector<std::int64_t> counts;  ///< of quanta, one an element; two sums are merged by adding these

    ExactSum(const Quantum& unit, std::size_t size) : Tally{unit}, counts(size) {}
};

/// Adds weight × value to each element. Of as many values as the sum has elements.
void add(ExactSum& sum, std::span<const float> values, double weight = 1);
void add(ExactSum& sum, std::span<const double> values, double weight = 1);

/// Of one quantum and size.
void merge(ExactSum& into, const ExactSum& part);

/// The sums, rounded once to nearest (twice below the smallest normal number). All NaN where the sum does not hold.
void read(const ExactSum& sum, std::span<double> values);
void read(const ExactSum& sum, std::span<float> values);

}  // namespace isobatch
