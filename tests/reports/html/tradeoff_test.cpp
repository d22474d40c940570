#include "reports/html/tradeoff.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/priced_result.h"

namespace isobatch {
namespace {

TEST(TradeoffPart, ShowsTheFrontTheFitAndTheFastestSplit) {
    const Markup page = read_part(tradeoff_part(priced_result()));
    EXPECT_EQ(page.named("circle").size(), 9u);
    EXPECT_EQ(of_class(page, "circle", "best").size(), 1u);
    EXPECT_EQ(of_class(page, "polyline", "front").size(), 1u);
    EXPECT_EQ(of_class(page, "polyline", "truth").size(), 2u) << "one line for each number of devices";
}

/// The one with this caption.
Markup table_of(const std::string& part, const std::string& caption) {
    const std::size_t begin = part.rfind("<table", part.find("<caption>" + caption)),
                      end = part.find("</table>", begin);
    return read_part(part.substr(begin, end + 8 - begin));
}

TEST(TradeoffPart, TheTableHoldsTheNumbers) {
    const Markup page = table_of(tradeoff_part(priced_result()), "Memory against time");
    using Cells = std::vector<std::string>;
    EXPECT_EQ(cells_of(page, "gpt 8x1x2"), (Cells{"2.3", "2.3", "0 %", "1.83 MiB", "1.83 MiB", "0 %", "fastest"}));
    EXPECT_EQ(cells_of(page, "gpt 16x1x1").back(), "");
}

TEST(TradeoffPart, SaysWhatThePeakIsMadeOf) {
    const Markup page = table_of(tradeoff_part(priced_result()), "What the memory at the peak is");
    using Cells = std::vector<std::string>;
    EXPECT_EQ(cells_of(page, "gpt 8x1x2"), (Cells{"293 KiB", "293 KiB", "391 KiB", "-", "899 KiB", "100 MiB"}));
}

TEST(TradeoffPart, EveryShapeLiesInsideThePicture) {
    for (const Element& dot : read_part(tradeoff_part(priced_result())).named("circle")) {
        const double x = std::stod(dot.attributes.at("cx")), y = std::stod(dot.attributes.at("cy"));
        EXPECT_TRUE(x >= 64 && x <= 470 && y >= 12 && y <= 250) << x << ' ' << y;
    }
}

TEST(TradeoffPart, WithoutMemoryThereIsATableAlone) {
    Result result = priced_result();
    for (Record& record : result.records) record.cost.memory = {};
    const Markup page = read_part(tradeoff_part(result));
    EXPECT_TRUE(page.named("circle").empty());
    EXPECT_TRUE(says(page.text, "Memory was not measured"));
    EXPECT_FALSE(says(page.text, "What the memory at the peak is"));
    EXPECT_EQ(cells_of(page, "gpt 8x1x2").at(3), "-");
}

TEST(TradeoffPart, ANameFromOutsideIsText) {
    Result result = priced_result();
    for (Record& record : result.records) record.trial.subject = "<script>x</script>&";
    const Markup page = read_part(tradeoff_part(result));
    EXPECT_TRUE(page.named("script").empty());
    EXPECT_TRUE(says(page.text, "Memory against time: <script>x</script>&"));
}

TEST(TradeoffPart, NothingMeasuredIsNoPart) {
    EXPECT_EQ(tradeoff_part(small_result()), "");
}

}  // namespace
}  // namespace isobatch
