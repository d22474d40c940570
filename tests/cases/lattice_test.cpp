#include "cases/lattice.h"

#include <bit>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

namespace isobatch {

TEST(Lattice, TernaryNumbersAreMostlyZero) {
    const at::Tensor weights = draw_ternary({100, 100}, 0.2, Seed{1});
    EXPECT_TRUE(weights.abs().le(1).logical_and(weights.eq(weights.round())).all().item<bool>());
    EXPECT_NEAR(weights.abs().mean().item<double>(), 0.2, 0.02);
    EXPECT_NEAR(weights.mean().item<double>(), 0, 0.02);
    EXPECT_FALSE(weights.equal(draw_ternary({100, 100}, 0.2, Seed{2})));
}

TEST(Lattice, IntegersReachBothEnds) {
    const at::Tensor data = draw_integers({1000}, 2, Seed{1});
    EXPECT_TRUE(data.eq(data.round()).all().item<bool>());
    EXPECT_EQ(data.min().item<double>(), -2);
    EXPECT_EQ(data.max().item<double>(), 2);
}

TEST(Lattice, TargetsSayWhichPositionsAreScored) {
    const at::Tensor targets = scored_targets({2, 0, 3}, 3, 4, Seed{1});
    EXPECT_EQ(targets.sizes().vec(), (std::vector<std::int64_t>{3, 3, 5}));
    const at::Tensor scored = targets.select(2, 4);
    EXPECT_EQ(scored.sum().item<double>(), 5);
    EXPECT_EQ(scored[0][1].item<double>(), 1);
    EXPECT_EQ(scored[0][2].item<double>(), 0);
    EXPECT_EQ(targets.narrow(2, 0, 4).abs().max().item<double>(), 2);
}

TEST(Lattice, EveryWindowHoldsAPowerOfTwoInRowsThatDiffer) {
    for (const std::int64_t samples : {43, 48, 17})
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            const std::vector<std::int64_t> lengths = dyadic_lengths({samples, 16, Lengths::ragged, Seed{seed}}, 8);
            ASSERT_EQ(std::ssize(lengths), samples);
            for (std::int64_t begin = 0; begin < samples; begin += 16) {
                const std::vector<std::int64_t> window(lengths.begin() + begin,
                                                       lengths.begin() + std::min(begin + 16, samples));
                EXPECT_TRUE(std::has_single_bit(
                    static_cast<unsigned>(std::accumulate(window.begin(), window.end(), std::int64_t{0}))))
                    << samples << " samples, seed " << seed << ", from " << begin;
                EXPECT_LE(*std::max_element(window.begin(), window.end()), 8);
                EXPECT_GT(std::set(window.begin(), window.end()).size(), window.size() > 8 ? 3U : 0U);
            }
        }
}

TEST(Lattice, EqualLengthsStayEqual) {
    const std::vector<std::int64_t> lengths = dyadic_lengths({48, 16, Lengths::equal, Seed{1}}, 8);
    EXPECT_EQ(std::count(lengths.begin(), lengths.end(), 8), 48);
}

}  // namespace isobatch
