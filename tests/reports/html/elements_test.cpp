#include "reports/html/elements.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

TEST(Elements, ACommandIsEscapedAndCutOnlyWhereNobodyWouldTypeIt) {
    EXPECT_EQ(command_line("a <b> & c"), "<p class=\"command\"><code>a &lt;b&gt; &amp; c</code></p>\n");
    EXPECT_LT(command_line(std::string(1 << 20, 'x')).size(), 9000u);
}

TEST(Elements, ATableNamesItsColumnsAndCanBeScrolledByKeys) {
    const Markup page =
        read_part(table("a <caption>", {{"one", "its \"meaning\""}, {"two", "", true}}, "<tr><td>1</td></tr>", "kind"));
    EXPECT_EQ(page.named("div").at(0).attributes.at("tabindex"), "0");
    EXPECT_EQ(page.named("div").at(0).attributes.at("aria-label"), "a <caption>");
    EXPECT_EQ(page.named("caption").at(0).text, "a <caption>");
    EXPECT_EQ(page.named("th").at(0).attributes.at("title"), "its \"meaning\"");
    EXPECT_EQ(page.named("th").at(1).attributes.at("class"), "text");
}

TEST(Elements, WhatIsLeftOutIsSaid) {
    EXPECT_EQ(left_out(3, 3, "trials"), "");
    EXPECT_TRUE(says(left_out(2, 3, "trials"), "2 of 3 trials are shown"));
}

TEST(Elements, APartWithoutContentIsNone) {
    EXPECT_EQ(part("id", "heading", ""), "");
    EXPECT_EQ(read_part(part("id", "heading", "text")).named("section").at(0).attributes.at("id"), "id");
}

TEST(Elements, TheMostTellingAreTheWorstInTheirOwnOrder) {
    const Result result = small_result();  // crashed comes after the divergent one of its matrix
    const auto all = all_of(result);
    EXPECT_EQ(most_telling(all, 10), all);
    std::vector<Outcome> outcomes;
    for (const Record* record : most_telling(all, 3)) outcomes.push_back(record->verdict.outcome);
    EXPECT_EQ(outcomes, (std::vector{Outcome::divergent, Outcome::crashed, Outcome::divergent}));
}

TEST(Elements, ARecordIsLinkedToItsRow) {
    const Result result = small_result();
    EXPECT_EQ(link_to(result, result.records[2], "x"), "<a href=\"#t2\">x</a>");
    EXPECT_EQ(row_of(result, result.records[2]), "t2");
}

}  // namespace
}  // namespace isobatch
