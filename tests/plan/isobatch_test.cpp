#include "plan/isobatch.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "tests/base/expect.h"

namespace isobatch {
namespace {

std::vector<std::string> names(const std::vector<Split>& splits) {
    std::vector<std::string> texts;
    for (const Split& split : splits) texts.push_back(to_string(split));
    return texts;
}

/// Every factorisation by trying all values, in the promised order.
std::vector<Split> by_brute_force(std::int64_t effective) {
    std::vector<Split> splits;
    for (std::int64_t b = effective; b >= 1; --b)
        for (std::int64_t a = effective / b; a >= 1; --a)
            if (effective % (b * a) == 0) splits.push_back({b, a, effective / (b * a)});
    return splits;
}

TEST(Isobatch, SixteenHasFifteenSplits) {
    EXPECT_EQ(joined(names(splits_of({.effective = 16})), " "),
              "16x1x1 8x2x1 8x1x2 4x4x1 4x2x2 4x1x4 2x8x1 2x4x2 2x2x4 2x1x8 1x16x1 1x8x2 1x4x4 1x2x8 1x1x16");
}

TEST(Isobatch, FactorisationsAreCompleteAndUnique) {
    for (std::int64_t effective = 1; effective <= 256; ++effective)
        ASSERT_EQ(splits_of({.effective = effective}), by_brute_force(effective)) << effective;
}

TEST(Isobatch, ReferenceIsTheFirstSplit) {
    for (const std::int64_t effective : {std::int64_t{1}, std::int64_t{12}, max_effective}) {
        const Isobatch isobatch{.effective = effective};
        EXPECT_EQ(isobatch.reference(), (Split{effective, 1, 1}));
        EXPECT_EQ(splits_of(isobatch).front(), isobatch.reference());
    }
}

TEST(Isobatch, LargestIsEnumeratedWithoutOverflow) {
    const std::vector<Split> splits = splits_of({.effective = max_effective});
    EXPECT_EQ(splits.size(), 861u);  // 42 over 2: two bars among 40 twos
    for (const Split& split : splits) EXPECT_EQ(split.effective(), max_effective);
}

RC_GTEST_PROP(Isobatch, BoundsKeepWhatFitsOnEveryAxis, ()) {
    const auto effective = *rc::gen::inRange<std::int64_t>(1, 97);
    const auto bound = rc::gen::inRange<std::int64_t>(0, 20);  // 0: none
    const Isobatch isobatch{effective, *bound, *bound, *bound};
    std::vector<Split> expected = by_brute_force(effective);
    std::erase_if(expected, [&](const Split& s) {
        return (isobatch.max_per_device != 0 && s.per_device > isobatch.max_per_device) ||
               (isobatch.max_accum != 0 && s.accum > isobatch.max_accum) ||
               (isobatch.max_devices != 0 && s.devices > isobatch.max_devices);
    });
    RC_ASSERT(splits_of(isobatch) == expected);
}

TEST(Isobatch, BoundsAreInclusive) {
    EXPECT_EQ(names(splits_of({.effective = 16, .max_per_device = 4, .max_accum = 4, .max_devices = 4})),
              (std::vector<std::string>{"4x4x1", "4x2x2", "4x1x4", "2x4x2", "2x2x4", "1x4x4"}));
    EXPECT_EQ(splits_of({.effective = 16, .max_devices = 1}).size(), 5u);
    EXPECT_TRUE(splits_of({.effective = 7, .max_per_device = 3, .max_accum = 3, .max_devices = 3}).empty());
}

TEST(Isobatch, ValueOutOfRangeNamesTheFieldAndTheRange) {
    const auto refused = [](const Isobatch& isobatch, const char* problem, const char* next) {
        const Error error = error_of([&] { splits_of(isobatch); });
        EXPECT_EQ(error.problem(), problem);
        EXPECT_EQ(error.next(), next);
    };
    const char* positive = "give a whole number from 1 to 1099511627776";
    const char* bound = "give a whole number from 0 to 1099511627776";
    refused({.effective = 0}, "--effective is 0", positive);
    refused({.effective = -16}, "--effective is -16", positive);
    refused({.effective = max_effective + 1}, "--effective is 1099511627777", positive);
    refused({.max_per_device = -1}, "the largest per_device is -1", bound);
    refused({.max_accum = -1}, "the largest accum is -1", bound);
    refused({.max_devices = -1}, "--max-devices is -1", bound);
    refused({.max_devices = max_effective + 1}, "--max-devices is 1099511627777", bound);
}

TEST(ParseSplits, KeepsTheOrderOfTheList) {
    EXPECT_EQ(parse_splits("4x4x1,16x1x1,1x1x16", 16), (std::vector<Split>{{4, 4, 1}, {16, 1, 1}, {1, 1, 16}}));
    EXPECT_EQ(parse_splits("1x1x1", 1), (std::vector<Split>{{1, 1, 1}}));
}

TEST(ParseSplits, AnotherEffectiveBatchNamesTheNearestSplits) {
    const Error error = error_of([] { parse_splits("16x1x1,4x3x1", 16); });
    EXPECT_EQ(error.problem(), "split 4x3x1 has effective batch 12, not 16");
    EXPECT_EQ(error.where(), "--splits");
    EXPECT_EQ(error.next(), "nearest splits of 16: 4x4x1, 8x2x1, 4x2x2");
    EXPECT_EQ(error_of([] { parse_splits("1x1x31", 32); }).next().substr(0, 36),
              "nearest splits of 32: 1x1x32, 2x1x16");
    EXPECT_EQ(error_of([] { parse_splits("1x30x1", 32); }).next().substr(0, 36),
              "nearest splits of 32: 1x32x1, 2x16x1");
    EXPECT_EQ(error_of([] { parse_splits("2x2x2", 7); }).next(), "nearest splits of 7: 7x1x1, 1x7x1, 1x1x7");
    EXPECT_EQ(error_of([] { parse_splits("2x1x1", 1); }).next(), "nearest splits of 1: 1x1x1");
}

TEST(ParseSplits, RefusesRepetitionsAndWhatIsNoList) {
    EXPECT_TRUE(says(error_of([] { parse_splits("4x4x1,16x1x1,4x4x1", 16); }).problem(), "split 4x4x1 is given twice"));
    for (const char* text : {"", ",", "4x4x1,", ",4x4x1", "4x4x1, 16x1x1", "4x4x1;16x1x1", "all"})
        EXPECT_THROW(parse_splits(text, 16), Error) << text;
    EXPECT_THROW(parse_splits("1x1x1", 0), Error);
}

TEST(Divisors, AreAllOfThemAscending) {
    for (std::int64_t value = 1; value <= 2000; ++value) {
        std::vector<std::int64_t> expected;
        for (std::int64_t d = 1; d <= value; ++d)
            if (value % d == 0) expected.push_back(d);
        ASSERT_EQ(divisors(value), expected) << value;
    }
    EXPECT_EQ(divisors(963761198400).size(), 6720u);  // the most of any number below 2^40
    EXPECT_EQ(divisors(max_effective).size(), 41u);
    EXPECT_EQ(divisors(1099511627689), (std::vector<std::int64_t>{1, 1099511627689}));  // the largest prime below 2^40
}

}  // namespace
}  // namespace isobatch
