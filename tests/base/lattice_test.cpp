#include "base/lattice.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(LatticeQuantum, LeavesRoomForTheSumAndForWhatRoundingAdds) {
    EXPECT_EQ(lattice_quantum(1, 23), 0x1p-21);  // 1 is half of 2^1: frexp's exponent is not the least that fits
    EXPECT_EQ(lattice_quantum(0.75, 23), 0x1p-22);
    EXPECT_EQ(lattice_quantum(3, 52), 0x1p-49);
    for (const double nothing : {0.0, -1.0, HUGE_VAL, std::nan("")}) EXPECT_EQ(lattice_quantum(nothing, 23), 0);
}

TEST(OnLattice, RoundsToTheNearestMultipleAndTiesToTheEvenOne) {
    EXPECT_EQ(on_lattice(0.3, 0.25), 0.25);
    EXPECT_EQ(on_lattice(-0.3, 0.25), -0.25);
    EXPECT_EQ(on_lattice(0.125, 0.25), 0);
    EXPECT_EQ(on_lattice(0.375, 0.25), 0.5);
    EXPECT_EQ(on_lattice(0.3, 0), 0.3);
    EXPECT_TRUE(std::isnan(on_lattice(std::nan(""), 0.25)));
}

/// The bits of one sum after another, of numbers in this order.
float sum(const std::vector<float>& numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), 0.0F);
}

TEST(Lattice, EveryOrderOfSummingHasTheSameBits) {
    expect_law(300, [] {
        std::mt19937 random(*rc::gen::arbitrary<unsigned>());
        std::normal_distribution<float> draw(0, std::ldexp(1.0F, *rc::gen::inRange(-30, 30)));
        std::vector<float> numbers(*rc::gen::inRange<std::size_t>(1, 200));
        for (float& number : numbers) number = draw(random);
        double magnitude = 0;
        for (const float number : numbers) magnitude += std::abs(number);
        const double quantum = lattice_quantum(magnitude, 23);
        for (float& number : numbers) number = static_cast<float>(on_lattice(number, quantum));
        const float first = sum(numbers);
        double exact = 0;
        for (const float number : numbers) exact += number;
        RC_ASSERT(first == exact);
        std::shuffle(numbers.begin(), numbers.end(), random);
        RC_ASSERT(sum(numbers) == first);
        const auto half = numbers.begin() + std::ssize(numbers) / 2;  // as two devices would
        RC_ASSERT(sum({numbers.begin(), half}) + sum({half, numbers.end()}) == first);
    });
}

}  // namespace
}  // namespace isobatch
