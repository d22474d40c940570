#include "base/bytes.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(ParseBytes, KnowsBinaryAndDecimalUnits) {
    EXPECT_EQ(parse_bytes("24GiB", "--memory"), std::int64_t{24} << 30);
    EXPECT_EQ(parse_bytes("80GB", "--memory"), 80'000'000'000);
    EXPECT_EQ(parse_bytes("1.5KiB", "--memory"), 1536);
    EXPECT_EQ(parse_bytes("512", "--memory"), 512);
    EXPECT_EQ(parse_bytes("1B", "--memory"), 1);
}

TEST(ParseBytes, RefusesWhatIsNoAmount) {
    for (const char* bad : {"", "0", "0GiB", "-1GiB", "GiB", "24 GiB", "24gib", "24G", "1e3", "nan", "inf",
                            "9007199254740992", "99999999999999TiB", "0x10"}) {
        const Error error = error_of([&] { parse_bytes(bad, "--memory"); });
        EXPECT_EQ(error.where(), "--memory") << bad;
        EXPECT_TRUE(says(error.next(), "24GiB"));
    }
}

TEST(BytesText, IsInTheLargestUnit) {
    EXPECT_EQ(bytes_text(0), "0 bytes");
    EXPECT_EQ(bytes_text(512), "512 bytes");
    EXPECT_EQ(bytes_text(1024), "1 KiB");
    EXPECT_EQ(bytes_text(1000), "0.977 KiB");
    EXPECT_EQ(bytes_text(1.5 * 0x1p30), "1.5 GiB");
    EXPECT_EQ(bytes_text(0x1p60), "1.05e+06 TiB");
}

}  // namespace
}  // namespace isobatch
