#include "base/seed.h"

#include <cmath>
#include <numbers>

namespace isobatch {

namespace {
std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}
}  // namespace

Seed Seed::split(std::string_view name) const {
    std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a: order and length of the name both matter
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return Seed{mix(value ^ mix(hash))};
}

Seed Seed::split(std::uint64_t index) const {
    return Seed{mix(value + 0x9e3779b97f4a7c15ULL * (index + 1))};
}

std::uint64_t Random::bits() {
    return mix(state_ += 0x9e3779b97f4a7c15ULL);
}

// The modulo bias is below bound / 2^64: invisible for the sizes of a data set.
std::uint64_t Random::below(std::uint64_t bound) {
    return bits() % bound;
}

double Random::uniform() {
    return static_cast<double>(bits() >> 11) * 0x1p-53;
}

double Random::normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

}  // namespace isobatch
