#include "base/seed.h"

#include <cmath>
#include <set>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

// Computed from the definition by another program.
TEST(Seed, SplitsAreTheSameInEveryReleaseAndOnEveryMachine) {
    EXPECT_EQ(Seed{1}.split("data").value, 5267554306174767855u);
    EXPECT_EQ(Seed{1}.split("").value, 5861870917565748564u);
    EXPECT_EQ(Seed{1}.split("\xc3\xa9").value, 9310011483790709611u);  // bytes are unsigned, whatever char is
    EXPECT_EQ(Seed{1}.split(0).value, 10451216379200822465u);
    EXPECT_EQ(Seed{1}.split(7).value, 9648886400068060533u);
}

TEST(Seed, EveryNameAndNumberIsAStreamOfItsOwn) {
    std::set<std::uint64_t> seen{Seed{1}.value};
    const std::string_view names[] = {"",    "a", "b", "ab", "ba", "data", "atad", "model", std::string_view("a\0", 2),
                                      "\xff"};
    for (const std::string_view name : names) EXPECT_TRUE(seen.insert(Seed{1}.split(name).value).second) << name;
    for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(Seed{1}.split(i).value).second) << i;
    EXPECT_NE(Seed{1}.split("a"), Seed{2}.split("a"));
    EXPECT_NE(Seed{1}.split(3), Seed{2}.split(3));
    EXPECT_NE(Seed{1}.split("a").split("b"), Seed{1}.split("b").split("a"));
}

TEST(Random, IsSplitMix64) {
    Random random(Seed{1234567});  // the generator's published vector
    EXPECT_EQ(random.bits(), 6457827717110365317u);
    EXPECT_EQ(random.bits(), 3203168211198807973u);
    EXPECT_EQ(random.bits(), 9817491932198370423u);
    EXPECT_EQ(random.bits(), 4593380528125082431u);
    EXPECT_EQ(random.bits(), 16408922859458223821u);
}

RC_GTEST_PROP(Random, BelowStaysBelow, ()) {
    const auto bound = *rc::gen::inRange<std::uint64_t>(1, std::uint64_t{1} << 40);
    Random random(Seed{*rc::gen::arbitrary<std::uint64_t>()});
    for (int i = 0; i < 20; ++i) RC_ASSERT(random.below(bound) < bound);
}

TEST(Random, BelowReachesEveryValue) {
    Random random(Seed{1});
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 200; ++i) seen.insert(random.below(7));
    EXPECT_EQ(seen, (std::set<std::uint64_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(Random, UniformIsInTheHalfOpenUnitIntervalWith53Bits) {
    Random random(Seed{1}), bits(Seed{1});
    double sum = 0, lowest = 1, highest = 0;
    for (int i = 0; i < 100000; ++i) {
        const double value = random.uniform();
        ASSERT_EQ(value, std::ldexp(static_cast<double>(bits.bits() >> 11), -53));
        ASSERT_LT(value, 1.0);
        sum += value;
        lowest = std::min(lowest, value);
        highest = std::max(highest, value);
    }
    EXPECT_NEAR(sum / 100000, 0.5, 0.005);  // 5 standard errors
    EXPECT_LT(lowest, 1e-3);
    EXPECT_GT(highest, 1 - 1e-3);
}

TEST(Random, NormalHasMomentsOfANormalAndTakesTwoDrawsACall) {
    Random random(Seed{1}), twin(Seed{1});
    double sum = 0, squares = 0, fourths = 0;
    constexpr int count = 100000;
    for (int i = 0; i < count; ++i) {
        const double value = random.normal();
        ASSERT_TRUE(std::isfinite(value));
        sum += value;
        squares += value * value;
        fourths += value * value * value * value;
        twin.bits();
        twin.bits();
    }
    EXPECT_EQ(random.bits(), twin.bits());
    // Five standard errors of each: 1, sqrt(2) and sqrt(96) over sqrt(count).
    EXPECT_NEAR(sum / count, 0, 0.016);
    EXPECT_NEAR(squares / count, 1, 0.023);
    EXPECT_NEAR(fourths / count, 3, 0.155);
}

}  // namespace
}  // namespace isobatch
