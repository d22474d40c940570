#include "reports/html/costs.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

TEST(CostsPart, HasARowForEveryTrialThatWasMeasured) {
    Result result = small_result();
    result.records[1].cost = {25, 160};
    const Markup page = read_part(costs_part(result));
    using Cells = std::vector<std::string>;
    EXPECT_EQ(cells_of(page, "gpt 2x2x1"), (Cells{"25", "160", "", "24", "0.0041", "0"}));
    EXPECT_EQ(cells_of(page, "gpt 2x1x2").at(5), "2");
    EXPECT_TRUE(cells_of(page, "gpt 1x2x2").empty());  // it crashed before anything was measured
    std::vector<std::string> widths;
    for (const Element& bar : page.named("rect")) widths.push_back(bar.attributes.at("width"));
    EXPECT_EQ(widths, (Cells{"120", "60", "120", "120", "120"}));
}

TEST(CostsPart, SaysWhatIsPaidForNothing) {
    const Result result = small_result();
    ASSERT_EQ(result.waste.size(), 1u);
    const std::string text = read_part(costs_part(result)).text;
    EXPECT_TRUE(says(text, "Paid for nothing\n" + result.waste[0].summary));
    EXPECT_TRUE(says(text, result.waste[0].remedy + "\nRepeat with\n" + result.waste[0].repro));
}

TEST(CostsPart, NoNumberMakesABarWithoutEnd) {
    Result result = small_result();
    result.records[0].cost = {infinite, not_a_number};
    result.records[1].cost = {1, -5};
    result.records[2].cost = {1, infinite};
    for (const Element& bar : read_part(costs_part(result)).named("rect")) {
        const double width = std::stod(bar.attributes.at("width"));
        EXPECT_TRUE(width > 0 && width <= 120) << width;
    }
}

}  // namespace
}  // namespace isobatch
