#include "base/sum_digest.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

std::string of(const std::string& text) {
    return to_string(sum_digest(std::as_bytes(std::span(text))));
}

TEST(SumDigest, EverySingleBitMatters) {
    for (const std::size_t size : {1, 16, 33}) {
        const std::string good(size, 'g');
        std::set<std::string> seen{of(good)};
        for (std::size_t bit = 0; bit < 8 * size; ++bit) {
            std::string bad = good;
            bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
            EXPECT_TRUE(seen.insert(of(bad)).second) << size << " bytes, bit " << bit;
        }
    }
}

TEST(SumDigest, PlacesMatter) {
    const std::string a(16, 'a'), b(16, 'b');
    EXPECT_NE(of(a + b), of(b + a));
    EXPECT_NE(of("aaaaaaaabbbbbbbb"), of("bbbbbbbbaaaaaaaa"));
    EXPECT_NE(of(a + a), of(a));
}

TEST(SumDigest, LengthMattersEvenOfZeros) {
    std::set<std::string> seen;
    for (std::size_t size = 0; size < 70; ++size) EXPECT_TRUE(seen.insert(of(std::string(size, '\0'))).second) << size;
}

/// By its definition, in whatever order.
TEST(SumDigest, IsASumOverUnits) {
    std::string text(40, ' ');
    std::iota(text.begin(), text.end(), 'A');
    text += std::string(8, '\0');
    SumDigest sum;
    for (const std::uint64_t unit : {3, 0, 2, 1}) {
        std::uint64_t words[2] = {40, 0};
        if (unit > 0)
            for (std::size_t i = 0; i < 16; ++i) {
                std::uint64_t& word = words[i / 8];
                word = (i % 8 == 0 ? 0 : word) |
                       static_cast<std::uint64_t>(static_cast<unsigned char>(text[16 * (unit - 1) + i]))
                           << (8 * (i % 8));
            }
        sum = merged(sum, digest_of_unit(unit, words[0], words[1]));
    }
    EXPECT_EQ(to_string(sum), of(text.substr(0, 40)));
}

TEST(SumDigest, MergingCarries) {
    EXPECT_EQ(merged({UINT64_MAX, 1}, {1, 2}), (SumDigest{0, 4}));
    EXPECT_EQ(merged({UINT64_MAX, UINT64_MAX}, {1, 0}), (SumDigest{0, 0}));
}

TEST(SumDigest, KeysAreThePublicSplitMix64OfSeedZero) {
    EXPECT_EQ(sum_digest_key(0), 0xe220a8397b1dcdafU);
    EXPECT_EQ(sum_digest_key(1), 0x6e789e6aa1b965f4U);
    EXPECT_EQ(sum_digest_key(2), 0x06c45d188009454fU);
}

TEST(SumDigest, TextNamesItsKind) {
    EXPECT_EQ(to_string(SumDigest{0x1, 0xab}), "nh128:00000000000000ab0000000000000001");
}

}  // namespace
}  // namespace isobatch
