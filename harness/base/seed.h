#pragma once

#include <cstdint>
#include <string_view>

namespace isobatch {

/// The only source of randomness. Split by name or by number, so that adding a consumer never shifts another's stream.
struct Seed {
    std::uint64_t value = 1;

    Seed split(std::string_view name) const;
    Seed split(std::uint64_t index) const;

    bool operator==(const Seed&) const = default;
};

/// A stream of pseudo-random numbers (SplitMix64), the same on every platform.
class Random {
public:
    explicit Random(Seed seed) : state_(seed.value) {}

    std::uint64_t bits();
    /// Uniform in [0, bound); `bound` > 0.
    std::uint64_t below(std::uint64_t bound);
    /// Uniform in [0, 1).
    double uniform();
    /// Standard normal (Box-Muller; one value a call, so that the stream's position does not depend on a cache).
    double normal();

private:
    std::uint64_t state_;
};

}  // namespace isobatch
