#include "plan/patterns.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

const Transformer model{"1B", 1e9, 10, 1000, 5000, 1e7};

TEST(MemoryOf, CountsStatesAndActivations) {
    const Method full{"full", 2, 14}, adapters{"adapters", 2, 16, true}, sharded{"sharded", 2, 14, false, true};
    EXPECT_DOUBLE_EQ(memory_of(model, full, {1, 1, 4}, 100).states, 16e9);
    EXPECT_DOUBLE_EQ(memory_of(model, adapters, {1, 1, 4}, 100).states, 2e9 + 16e7);
    EXPECT_DOUBLE_EQ(memory_of(model, sharded, {1, 1, 4}, 100).states, 4e9 + 2e8) << "and one gathered layer of ten";
    EXPECT_DOUBLE_EQ(memory_of(model, full, {1, 1, 1}, 100).activations, 100 * (1000 * (2 * 10 + 34) + 10 * 5000));
    EXPECT_DOUBLE_EQ(memory_of(model, full, {3, 1, 1}, 100).activations,
                     3 * memory_of(model, full, {1, 7, 2}, 100).activations);
}

TEST(Patterns, AreTheFourRowsWithTheirEffectiveBatches) {
    std::vector<std::int64_t> effective;
    for (const Pattern& pattern : patterns()) effective.push_back(pattern.split.effective());
    EXPECT_EQ(effective, (std::vector<std::int64_t>{32, 32, 32, 64}));
}

TEST(PatternsText, SaysWhatARowTakesForGranted) {
    const std::string text = patterns_text();
    EXPECT_TRUE(
        says(text, "7B on 1 x 24 GB, 1x32x1 of effective batch 32: holds only with adapters or adapters+4-bit."));
    EXPECT_TRUE(says(text, "13B on 1 x 80 GB, 4x8x1 of effective batch 32: holds only with adapters or"));
    EXPECT_TRUE(says(text,
                     "70B on 8 x 80 GB, 1x8x8 of effective batch 64: holds only with adapters+sharded or "
                     "adapters+4-bit."));
    EXPECT_TRUE(says(text, "Assumed: "));
}

TEST(PatternsJson, HoldsWhatIsShown) {
    const Json json = patterns_json();
    ASSERT_EQ(json.size(), 4u);
    EXPECT_EQ(json.at(0).at("methods").size(), 3u) << "one device has nothing to shard over";
    EXPECT_EQ(json.at(3).at("methods").at(2).at("fits"), false);
    EXPECT_EQ(json.at(3).at("verdict"), "holds only with adapters+sharded or adapters+4-bit");
}

}  // namespace
}  // namespace isobatch
