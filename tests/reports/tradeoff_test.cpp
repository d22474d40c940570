#include "reports/tradeoff.h"

#include "reports/markdown.h"
#include "tests/base/expect.h"
#include "tests/reports/priced_result.h"

namespace isobatch {
namespace {

std::vector<std::string> front(const TradeOff& tradeoff) {
    std::vector<std::string> names;
    for (const Price& price : tradeoff.prices)
        if (price.on_front) names.push_back(to_string(price.record->trial.split));
    return names;
}

TEST(TradeoffsOf, TheFrontIsWhatNothingBeats) {
    const Result result = priced_result();
    const std::vector<TradeOff> all = tradeoffs_of(result);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].subject, "gpt");
    EXPECT_EQ(all[0].prices.size(), splits_of({.effective = 16, .max_devices = 2}).size());
    // One micro takes 1 ms and a sample 0.1; a second device halves what follows and costs 0.5.
    EXPECT_EQ(front(all[0]), (std::vector<std::string>{"8x1x2", "4x2x2", "2x4x2", "1x8x2"}));
    EXPECT_EQ(to_string(all[0].fastest.value()), "8x1x2");
    EXPECT_TRUE(all[0].model.time && all[0].model.memory);
}

TEST(TradeoffsOf, WithoutMemoryTheFastestAloneIsOnTheFront) {
    Result result = priced_result();
    for (Record& record : result.records) record.cost.memory = {};
    EXPECT_EQ(front(tradeoffs_of(result)[0]), std::vector<std::string>{"8x1x2"});
    for (Record& record : result.records) record.cost.step_ms_min = 0;
    EXPECT_TRUE(tradeoffs_of(result).empty());
}

TEST(TradeoffMarkdown, IsATableWithTheFitAndItsErrors) {
    const Result result = priced_result();
    const std::string text = tradeoff_markdown(tradeoffs_of(result)[0]);
    EXPECT_TRUE(says(text, "### What each split of gpt costs\n"));
    EXPECT_TRUE(says(text, "| 8x1x2 | 2.3 | 2.3 | 1.83 MiB | 1.83 MiB | fastest |\n"));
    EXPECT_TRUE(says(text, "| 4x2x2 | 3.3 | 3.3 | 1.42 MiB | 1.42 MiB | on the front |\n"));
    EXPECT_TRUE(says(text, markdown_text("goal 10 %: met")));
    EXPECT_TRUE(says(text,
                     "* memory at the peak: parameters 293 KiB, gradients (the accumulator) 293 KiB, optimizer 391 "
                     "KiB, buckets 0 bytes, activations 154 KiB to 1.71 MiB\n"));
}

}  // namespace
}  // namespace isobatch
