#include "measure/choice.h"

#include "plan/isobatch.h"
#include "tests/base/expect.h"

namespace isobatch {
namespace {

/// Every micro costs 1 ms whatever it holds, and every sample of one a megabyte: the fewest micros are fastest.
CostModel model(bool memory = true) {
    std::vector<CostPoint> points;
    for (const Split& split : splits_of({.effective = 64, .max_devices = 2}))
        points.push_back(
            {split, static_cast<double>(split.accum) + 0.5, memory ? 1'000'000 * (1 + split.per_device) : 0});
    return cost_model(points, false);
}

std::vector<std::string> names(const std::vector<Choice>& choices) {
    std::vector<std::string> list;
    for (const Choice& choice : choices) list.push_back(to_string(choice.split));
    return list;
}

std::vector<Split> splits() {
    std::vector<Split> all = splits_of({.effective = 16, .max_devices = 1});
    std::reverse(all.begin(), all.end());
    return all;
}

TEST(Ranked, TheFastestThatFitsIsFirst) {
    const auto choices = ranked(model(), splits(), 8'500'000);
    EXPECT_EQ(names(choices), (std::vector<std::string>{"4x4x1", "2x8x1", "1x16x1", "16x1x1", "8x2x1"}));
    EXPECT_EQ(to_string(recommended(choices).value()), "4x4x1");
    const std::string text = to_string(choices, 8'500'000);
    EXPECT_TRUE(says(text, "4x4x1"));
    EXPECT_TRUE(says(text, "  recommended\n2x8x1"));
    EXPECT_TRUE(says(text, "  does not fit\n8x2x1"));
    EXPECT_EQ(to_json(choices).at(3).at("fits"), "no");
}

TEST(Ranked, WithoutALimitEverythingFits) {
    const auto choices = ranked(model(false), splits(), 0);
    EXPECT_EQ(names(choices).front(), "16x1x1");
    EXPECT_TRUE(says(to_string(choices, 0), "not known"));
}

TEST(Ranked, ALimitInsideTheIntervalIsNoRecommendation) {
    CostModel uncertain = model();
    uncertain.memory->without[0][1] *= 2;
    const auto choices = ranked(uncertain, {{16, 1, 1}}, 17'500'000);
    EXPECT_EQ(choices[0].fits, Fits::may);
    EXPECT_FALSE(recommended(choices));
    EXPECT_TRUE(says(to_string(choices, 17'500'000), "may fit"));
}

TEST(Ranked, NothingFits) {
    EXPECT_FALSE(recommended(ranked(model(), splits(), 1)));
    EXPECT_FALSE(recommended({}));
}

TEST(Ranked, ALimitNeedsAFit) {
    EXPECT_EQ(error_of([] { ranked(model(false), splits(), 1 << 30); }).where(), "--memory");
}

TEST(Ranked, WithoutATimeTheOrderStays) {
    const auto choices = ranked(cost_model({}, false), splits(), 0);
    EXPECT_EQ(names(choices).front(), "1x16x1");
    EXPECT_FALSE(recommended(choices));
}

}  // namespace
}  // namespace isobatch
