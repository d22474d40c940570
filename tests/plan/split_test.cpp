#include "plan/split.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

TEST(Split, PrintsAsThreeFactorsInOrder) {
    EXPECT_EQ(to_string(Split{8, 4, 2}), "8x4x2");
    EXPECT_EQ((Split{8, 4, 2}).effective(), 64);
    EXPECT_EQ(parse_split("8x4x2"), (Split{8, 4, 2}));
    EXPECT_EQ(parse_split("1099511627776x1x1"), (Split{max_effective, 1, 1}));
    EXPECT_EQ(parse_split("1048576x1x1048576").effective(), max_effective);
}

RC_GTEST_PROP(Split, TextReadsBack, ()) {
    const auto side = rc::gen::inRange<std::int64_t>(1, 10322);  // its cube stays within 2^40
    const Split split{*side, *side, *side};
    RC_ASSERT(parse_split(to_string(split)) == split);
}

TEST(Split, WithoutThreeFactorsShowsTheForm) {
    for (const char* text : {"", "8", "8x4", "8x4x2x1", "8,4,2", "8X4X2", "8*4*2", "x"}) {
        const Error error = error_of([&] { parse_split(text); });
        EXPECT_TRUE(says(error.problem(), "three factors")) << text;
        EXPECT_TRUE(says(error.next(), "8x4x2")) << text;
        EXPECT_TRUE(says(error.where(), text));
    }
}

TEST(Split, BadFactorIsNamedWithItsValue) {
    for (const char* value : {"0", "-1", "", "1e3", " 4", "4 ", "+4", "4.0", "four", "99999999999999999999",
                              "-9223372036854775808", "\u0664"}) {
        const std::string names[] = {"per_device", "accum", "devices"};
        for (int i = 0; i < 3; ++i) {
            std::string factors[] = {"2", "2", "2"};
            factors[i] = value;
            const Error error = error_of([&] { parse_split(factors[0] + "x" + factors[1] + "x" + factors[2]); });
            EXPECT_EQ(error.problem(), names[i] + " is \"" + value + "\"");
            EXPECT_TRUE(says(error.next(), names[i] + " must be a whole number of at least 1"));
        }
    }
}

TEST(Split, OverflowNamesTheLargestValueThatFits) {
    const Error first = error_of([] { parse_split("1099511627777x1x1"); });
    EXPECT_TRUE(says(first.problem(), "per_device is 1099511627777"));
    EXPECT_TRUE(says(first.next(), "per_device may be at most 1099511627776 here"));
    const Error second = error_of([] { parse_split("1048576x1048577x1"); });
    EXPECT_TRUE(says(second.next(), "accum may be at most 1048576 here"));
    const Error third = error_of([] { parse_split("3x5x1099511627776"); });
    EXPECT_TRUE(says(third.next(), "devices may be at most 73300775185 here"));
    // Products that wrap around to a small number.
    for (const char* text : {"4294967296x4294967296x1", "4611686018427387904x4x1",
                             "9223372036854775807x9223372036854775807x9223372036854775807", "1048576x1048576x2"})
        EXPECT_THROW(parse_split(text), Error) << text;
}

TEST(Split, HostileTextIsSafeToPrint) {
    const Error error = error_of([] { parse_split("1x\x1b[2Jx1"); });
    EXPECT_EQ(std::string(error.what()).find('\x1b'), std::string::npos);
    EXPECT_TRUE(says(error.problem(), "\\x1b[2J"));
}

TEST(Split, OrdersByPerDeviceThenAccumThenDevices) {
    EXPECT_LT((Split{1, 9, 9}), (Split{2, 1, 1}));
    EXPECT_LT((Split{2, 1, 9}), (Split{2, 2, 1}));
    EXPECT_LT((Split{2, 2, 1}), (Split{2, 2, 2}));
}

}  // namespace
}  // namespace isobatch
