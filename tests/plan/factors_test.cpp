#include "plan/factors.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

Factors factors(std::int64_t per_device, std::int64_t accum, std::int64_t devices, std::int64_t effective) {
    return {{per_device, "micro"}, {accum, "accum"}, {devices, "--devices"}, {effective, "global"}};
}

TEST(Solved, FindsTheOneOpenFactor) {
    const Split split{4, 8, 2};
    EXPECT_EQ(solved(factors(4, 8, 2, 0)), split);
    EXPECT_EQ(solved(factors(0, 8, 2, 64)), split);
    EXPECT_EQ(solved(factors(4, 0, 2, 64)), split);
    EXPECT_EQ(solved(factors(4, 8, 0, 64)), split);
    EXPECT_EQ(solved(factors(4, 8, 2, 64)), split);
}

TEST(Solved, NeverRounds) {
    const Error error = error_of([] { solved(factors(0, 8, 3, 64)); });
    EXPECT_TRUE(says(error.problem(), "global=64 leaves a remainder over accum=8 x --devices=3 = 24"));
    EXPECT_EQ(error.where(), "global");
    EXPECT_EQ(error.next(), "nearest: 48 and 72");
    EXPECT_EQ(error_of([] { solved(factors(128, 0, 1, 64)); }).next(), "nearest: 128");
}

TEST(Solved, RefusesAContradiction) {
    const Error error = error_of([] { solved(factors(4, 8, 2, 32)); });
    EXPECT_TRUE(says(error.problem(), "global=32 is not micro=4 x accum=8 x --devices=2 = 64"));
    EXPECT_TRUE(says(error.next(), "set global to 64"));
}

TEST(Solved, SaysWhatIsOpen) {
    Factors open = factors(4, 0, 0, 0);
    Error error = error_of([&] { solved(open); });
    EXPECT_EQ(error.problem(), "nothing gives --devices, accum, global");
    EXPECT_EQ(error.where(), "--devices");
    open.accum.automatic = open.effective.automatic = true;
    error = error_of([&] { solved(open); });
    EXPECT_EQ(error.problem(), "accum, global are auto, and nothing here answers it; nothing gives --devices");
    EXPECT_TRUE(says(error.next(), "all but one of --devices, accum, global"));
}

TEST(Solved, NoProductOverflows) {
    const Error error = error_of([] { solved(factors(max_effective, 2, 1, 0)); });
    EXPECT_TRUE(says(error.problem(), "the effective batch would exceed"));
    EXPECT_EQ(solved(factors(max_effective, 1, 1, 0)).effective(), max_effective);
}

RC_GTEST_PROP(Solved, AnyThreeOfFourGiveTheFourth, ()) {
    const Split split{*rc::gen::inRange(1, 200), *rc::gen::inRange(1, 200), *rc::gen::inRange(1, 200)};
    const std::array<std::int64_t, 4> whole{split.per_device, split.accum, split.devices, split.effective()};
    for (std::size_t open = 0; open < 4; ++open) {
        std::array<std::int64_t, 4> values = whole;
        values[open] = 0;
        RC_ASSERT(solved(factors(values[0], values[1], values[2], values[3])) == split);
    }
}

TEST(Merge, TakesWhatIsKnownAndRefusesASecondNumber) {
    Factor factor{0, "a", true};
    merge(factor, {0, "b"});
    EXPECT_EQ(factor.name, "a");
    merge(factor, {4, "b"});
    EXPECT_EQ(factor.value, 4);
    EXPECT_EQ(factor.name, "b");
    merge(factor, {4, "c"});
    merge(factor, {0, "d", true});
    EXPECT_EQ(factor.name, "b");
    EXPECT_EQ(factor.value, 4);
    const Error error = error_of([&] { merge(factor, {5, "e"}); });
    EXPECT_EQ(error.problem(), "e=5 contradicts b=4");
    EXPECT_EQ(error.where(), "e");
}

}  // namespace
}  // namespace isobatch
