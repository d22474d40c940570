#include "reports/html/gradients.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

std::string class_of(const Markup& page, const std::string& parameter, std::size_t column) {
    bool inside = false;
    for (std::size_t i = 0; i < page.elements.size(); ++i) {
        if (page.elements[i].name == "th") inside = whole_text(page, i) == parameter;
        if (page.elements[i].name == "td" && inside && column-- == 0) return page.elements[i].attributes.at("class");
    }
    return "absent";
}

TEST(GradientsPart, HasTheWorstMarginOfEveryParameterInEverySplit) {
    const Markup page = read_part(gradients_part(small_result()));
    using Cells = std::vector<std::string>;
    EXPECT_EQ(cells_of(page, "blocks.0.key.bias"), (Cells{"0.12", "3.5e+03", "0.12", "0.12", "3.5e+03"}));
    EXPECT_EQ(cells_of(page, "head.weight"), (Cells{"0", "0", "0", "0", "0"}));
    EXPECT_EQ(page.named("table").size(), 2u);  // gpt and mlp
    EXPECT_EQ(gradients_part(assemble("", {}, {}, {})), "");
}

TEST(GradientsPart, IsHotterTheFurtherOffItIs) {
    Result result = small_result();
    const std::vector<std::pair<double, std::string>> heats{
        {0, "h0"},   {0.1, "h1"}, {0.125, "h1"}, {0.2, "h2"},      {1, "h2"},           {1.01, "h3"},
        {1e3, "h3"}, {2e3, "h4"}, {2e6, "h5"},   {infinite, "h5"}, {not_a_number, "h5"}};
    for (const auto& [margin, heat] : heats) {
        result.records[0].verdict.checks[3].parameters[0].margin = margin;
        EXPECT_EQ(class_of(read_part(gradients_part(result)), "blocks.0.key.bias", 0), heat) << margin;
    }
}

TEST(GradientsPart, OfManyParametersTheWorstAreShown) {
    Result result = small_result();
    std::vector<ParameterMargin>& parameters = result.records[0].verdict.checks[3].parameters;
    for (int i = 0; i < 500; ++i) parameters.push_back({"p" + std::to_string(i), 10.0 + i});
    const Markup page = read_part(gradients_part(result));
    EXPECT_FALSE(cells_of(page, "p499").empty());
    EXPECT_TRUE(cells_of(page, "p1").empty());
    EXPECT_TRUE(says(page.text, "60 of 502 parameters are shown"));
}

}  // namespace
}  // namespace isobatch
