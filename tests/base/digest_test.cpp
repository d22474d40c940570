#include "base/digest.h"

#include <cstring>
#include <vector>

#include "tests/base/expect.h"

namespace isobatch {
namespace {

std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

std::string running(const std::vector<std::string_view>& parts) {
    RunningDigest digest;
    for (const std::string_view part : parts) digest.add(part);
    return digest.text();
}

TEST(Digest, Crc32IsTheOneOfZipAndPng) {
    EXPECT_EQ(crc32_digest(bytes("123456789")), "crc32:cbf43926");
    EXPECT_EQ(crc32_digest(bytes("")), "crc32:00000000");
    EXPECT_EQ(crc32_digest(bytes("The quick brown fox jumps over the lazy dog")), "crc32:414fa339");
    EXPECT_EQ(crc32_digest(bytes(std::string_view("\xff\0", 2))), "crc32:d2fdef8d");
}

TEST(Digest, Xxh3IsThePublicOneWithSeedZero) {
    EXPECT_EQ(xxh3_digest(""), "xxh3:2d06800538d394c2");
    EXPECT_EQ(xxh3_digest("a"), "xxh3:e6c632b61e964e1f");
    EXPECT_EQ(xxh3_digest("abc"), "xxh3:78af5f94892f3950");
    EXPECT_EQ(xxh3_digest(bytes("abc")), xxh3_digest("abc"));
}

TEST(Digest, LikeFollowsTheTagAndNothingElse) {
    EXPECT_EQ(digest_like("crc32:", bytes("x")), crc32_digest(bytes("x")));
    EXPECT_EQ(digest_like("xxh3:0123", bytes("x")), xxh3_digest("x"));
    for (const char* unknown : {"", "crc32", "md5:00", "CRC32:00", " crc32:00", "xxh3"})
        EXPECT_EQ(digest_like(unknown, bytes("x")), "") << unknown;
}

TEST(Digest, EverySingleByteMatters) {
    const std::string good(300, 'g');  // beyond the 240 bytes where XXH3 changes its method
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] ^= 1;
        EXPECT_NE(crc32_digest(bytes(bad)), crc32_digest(bytes(good))) << i;
        EXPECT_NE(xxh3_digest(bad), xxh3_digest(good)) << i;
    }
}

TEST(RunningDigest, BoundariesBetweenPartsMatter) {
    EXPECT_NE(running({"ab", "c"}), running({"a", "bc"}));
    EXPECT_NE(running({"abc"}), running({"ab", "c"}));
    EXPECT_NE(running({"abc", ""}), running({"abc"}));
    EXPECT_NE(running({""}), running({}));
    EXPECT_NE(running({"a", "b"}), running({"b", "a"}));
    EXPECT_EQ(running({"ab", "c"}), running({"ab", "c"}));
}

TEST(RunningDigest, IsXxh3OverLengthsAndParts) {
    std::string flat;
    for (const std::string_view part : {"ab", "", "cde"}) {
        const std::uint64_t size = part.size();
        flat.append(reinterpret_cast<const char*>(&size), sizeof size).append(part);
    }
    EXPECT_EQ(running({"ab", "", "cde"}), xxh3_digest(flat));
}

TEST(RunningDigest, TextMayBeAskedForOnTheWay) {
    RunningDigest digest;
    digest.add("a");
    EXPECT_EQ(digest.text(), running({"a"}));
    digest.add(bytes("b"));
    EXPECT_EQ(digest.text(), running({"a", "b"}));
}

}  // namespace
}  // namespace isobatch
