#include "plan/identity.h"

#include <set>

#include "plan/isobatch.h"
#include "tests/base/expect.h"

namespace isobatch {
namespace {

/// place, micro, begin, weight of each.
using Rows = std::vector<std::vector<std::int64_t>>;

Rows twin(Identity identity, std::int64_t samples, const Split& split) {
    Rows rows;
    for (const Slice& slice : twin_of(identity, cut(samples, split), static_cast<int>(split.devices)))
        rows.push_back({slice.place, slice.micro, slice.begin, static_cast<std::int64_t>(slice.weight)});
    return rows;
}

Cut cut_of(std::int64_t samples, const Split& split) {
    Cut result;
    result.micros.resize(static_cast<std::size_t>(split.devices));
    for (const Slice& slice : cut(samples, split)) ++result.micros[static_cast<std::size_t>(slice.place)];
    return result;
}

bool fits(Identity identity, const Split& split) {
    return unfit(identity, cut_of(split.effective(), split)).empty();
}

TEST(Identity, TextReadsBackAndEachHasItsOwnMeaning) {
    std::set<std::string> seen;
    for (const Identity identity : all_identities) {
        EXPECT_EQ(parse_identity(to_string(identity)), identity);
        EXPECT_TRUE(seen.insert(to_string(identity)).second && seen.insert(meaning(identity)).second);
    }
    EXPECT_EQ(parse_identities("").size(), 0u);
    EXPECT_EQ(parse_identities("all").size(), all_identities.size());
    EXPECT_EQ(parse_identities("scale,null-micro"), (std::vector{Identity::scale, Identity::null_micro}));
    const Error error = error_of([] { parse_identities("scale,nul-micro\x1b"); });
    EXPECT_EQ(error.where(), "--identities");
    EXPECT_TRUE(says(error.next(), "did you mean null-micro?"));
    EXPECT_TRUE(says(error_of([] { parse_identities("scale,scale"); }).problem(), "twice"));
    EXPECT_THROW(parse_identities("all,scale"), Error);
    EXPECT_THROW(parse_identities("scale,"), Error);
}

TEST(Identity, FitsWhereNoSumRoundsOnTheWay) {
    const Split whole{8, 1, 1}, two_micros{4, 2, 1}, three_micros{2, 3, 1}, two_devices{4, 1, 2}, both{2, 2, 2},
        three_devices{2, 1, 3};
    for (const Split& split : {whole, two_micros, three_micros, two_devices, both, three_devices}) {
        for (const Identity identity : {Identity::null_micro, Identity::scale, Identity::cancel_micros})
            EXPECT_TRUE(fits(identity, split)) << to_string(identity) << " " << to_string(split);
        for (const Identity identity : {Identity::replicate_2, Identity::replicate_4})
            EXPECT_EQ(fits(identity, split), split.accum == 1) << to_string(identity) << " " << to_string(split);
        EXPECT_EQ(fits(Identity::swap_micros, split), split.accum == 2) << to_string(split);
        EXPECT_EQ(fits(Identity::swap_devices, split), split.devices == 2) << to_string(split);
        EXPECT_EQ(fits(Identity::one_device, split), split == two_devices) << to_string(split);
        EXPECT_EQ(fits(Identity::cancel_devices, split), split.devices > 1) << to_string(split);
        EXPECT_EQ(fits(Identity::strict, split), split.devices != 3) << to_string(split);
    }
    EXPECT_TRUE(unfit(Identity::swap_micros, {{2, 1}}).empty()) << "a short last window";
    EXPECT_TRUE(unfit(Identity::replicate_2, {{1, 0}}).empty());
    EXPECT_FALSE(unfit(Identity::one_device, {{1, 0}}).empty());
    for (const Identity identity : all_identities)
        EXPECT_TRUE(says(unfit(identity, {{1, 1}, true}), "static graph")) << to_string(identity);
}

TEST(Identity, TwinsAreCutAsTheirNamesSay) {
    EXPECT_EQ(twin(Identity::null_micro, 4, {2, 1, 2}),
              (Rows{{0, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 1}, {1, 1, 2, 1}, {0, 2, 0, 0}, {1, 2, 0, 0}}));
    EXPECT_EQ(twin(Identity::null_micro, 1, {2, 1, 2}),
              (Rows{{0, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 1}, {1, 1, 0, 0}, {0, 2, 0, 0}}));
    EXPECT_EQ(twin(Identity::replicate_2, 4, {2, 1, 2}),
              (Rows{{0, 0, 0, 1}, {1, 0, 2, 1}, {0, 1, 0, 1}, {1, 1, 2, 1}}));
    EXPECT_EQ(twin(Identity::replicate_4, 2, {2, 1, 1}),
              (Rows{{0, 0, 0, 1}, {0, 1, 0, 1}, {0, 2, 0, 1}, {0, 3, 0, 1}}));
    EXPECT_EQ(twin(Identity::scale, 4, {2, 2, 1}), (Rows{{0, 0, 0, 1}, {0, 1, 2, 1}}));
    EXPECT_EQ(twin(Identity::swap_micros, 3, {1, 2, 2}), (Rows{{0, 0, 2, 1}, {1, 0, 1, 1}, {0, 1, 0, 1}}));
    EXPECT_EQ(twin(Identity::swap_devices, 3, {1, 2, 2}), (Rows{{0, 0, 1, 1}, {1, 0, 0, 1}, {1, 1, 2, 1}}));
    EXPECT_EQ(twin(Identity::one_device, 4, {2, 1, 2}), (Rows{{0, 0, 0, 1}, {0, 1, 2, 1}}));
    EXPECT_EQ(twin(Identity::cancel_micros, 4, {4, 1, 1}), (Rows{{0, 0, 0, 1}, {0, 1, 0, -1}}));
    EXPECT_EQ(twin(Identity::cancel_micros, 3, {1, 3, 1}),
              (Rows{{0, 0, 0, 1}, {0, 1, 0, -1}, {0, 2, 0, 1}, {0, 3, 0, -1}}));
    EXPECT_EQ(twin(Identity::cancel_devices, 3, {1, 1, 3}), (Rows{{0, 0, 0, 1}, {1, 0, 0, -1}}));
    EXPECT_EQ(twin(Identity::cancel_devices, 4, {1, 2, 2}),
              (Rows{{0, 0, 0, 1}, {1, 0, 0, -1}, {0, 1, 0, 1}, {1, 1, 0, -1}}));
}

/// What every engine and every decision takes for granted of a window.
TEST(Identity, TwinsAreInSamplerOrderAndNumberedWithoutAGap) {
    for (const Identity identity : all_identities)
        for (const Split& split : splits_of({.effective = 12}))
            for (const std::int64_t samples : {std::int64_t{12}, std::int64_t{7}, std::int64_t{1}}) {
                if (!unfit(identity, cut_of(samples, split)).empty()) continue;
                SCOPED_TRACE(to_string(identity) + " " + to_string(split));
                std::vector<std::int64_t> next(static_cast<std::size_t>(split.devices), 0);
                std::pair<std::int64_t, std::int64_t> last{-1, 0};
                for (const auto& row : twin(identity, samples, split)) {
                    const std::pair here{row[1], row[0]};
                    EXPECT_LT(last, here);
                    EXPECT_EQ(next.at(static_cast<std::size_t>(row[0]))++, row[1]);
                    last = here;
                }
            }
}

TEST(Identity, OnlyTheScaledTwinIsScaledAndByAPowerOfTwo) {
    for (const Identity identity : all_identities)
        EXPECT_EQ(scale_of(identity), identity == Identity::scale ? 1024 : 1) << to_string(identity);
}

}  // namespace
}  // namespace isobatch
