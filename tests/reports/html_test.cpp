#include "reports/html.h"

#include "reports/terminal.h"
#include "tests/base/expect.h"
#include "tests/reports/hostile.h"
#include "tests/reports/markup.h"

namespace isobatch {
namespace {

Markup read_html(const Result& result) {
    return MarkupReader(html_page(result)).html();
}

/// The texts of the cells of every table row that starts with this text.
std::vector<std::string> cells_of(const Markup& page, const std::string& first) {
    std::vector<std::string> cells;
    bool inside = false;
    for (std::size_t i = 0; i < page.elements.size(); ++i) {
        const Element& element = page.elements[i];
        if (element.name == "tr") inside = false;
        if (element.name == "th" &&
            (element.text == first || (i + 1 < page.elements.size() && page.elements[i + 1].text == first)))
            inside = true;
        if (element.name == "td" && inside) cells.push_back(element.text);
    }
    return cells;
}

TEST(HtmlPage, IsWellFormedAndSelfContained) {
    const Markup page = read_html(small_result());
    EXPECT_EQ(page.elements[0].name, "html");
    EXPECT_EQ(page.named("title").at(0).text, "isobatch: crashed");
    for (const char* loads : {"script", "link", "img", "iframe", "object", "a", "form"})
        EXPECT_TRUE(page.named(loads).empty()) << loads;
    for (const Element& element : page.elements)
        for (const auto& [name, value] : element.attributes) {
            EXPECT_FALSE(name.starts_with("on") || name == "src" || name == "href") << name;
            EXPECT_EQ(value.find("url("), std::string::npos);
        }
    EXPECT_EQ(page.named("meta").at(2).attributes.at("content"), "default-src 'none'; style-src 'unsafe-inline'");
}

TEST(HtmlPage, SaysTheAnswerTheCommandAndTheNotes) {
    const Result result = small_result();
    const Markup page = read_html(result);
    const Element answer = page.named("p").at(0);
    EXPECT_EQ(answer.attributes.at("class"), "answer crashed");
    EXPECT_EQ(answer.text, "⚠ " + result.summary);
    EXPECT_TRUE(says(page.text, result.command));
    EXPECT_TRUE(says(page.text, "data: 11 samples, 2 epochs\nreference: 4x1x1"));
}

TEST(HtmlPage, EveryOutcomeHasItsSignBesideItsColour) {
    const Markup page = read_html(small_result());
    std::map<std::string, std::string> marks;
    for (const Element& element : page.named("span"))
        if (element.attributes.at("class") != "bar") marks[element.attributes.at("class")] = element.text;
    EXPECT_EQ(marks, (std::map<std::string, std::string>{{"mark identical", "✓ identical"},
                                                         {"mark equivalent", "✓ equivalent"},
                                                         {"mark inconclusive", "? inconclusive"},
                                                         {"mark divergent", "✗ divergent"},
                                                         {"mark crashed", "⚠ crashed"}}));
    const std::string style = page.named("style").at(0).text;
    for (const auto& [name, text] : marks) EXPECT_TRUE(says(style, "." + name.substr(5)));
}

TEST(HtmlPage, HasARowForEverySplit) {
    const Markup page = read_html(small_result());
    using Cells = std::vector<std::string>;
    EXPECT_EQ(cells_of(page, "gpt 4x1x1"),
              (Cells{"", "0.125", "1.5e-11", "12.5", "2.5e-09 ≤ 64 · (E 3e-14 + u·A 5.6e-17)"}));
    EXPECT_EQ(cells_of(page, "gpt 2x1x2").at(2), "inf");
    EXPECT_EQ(cells_of(page, "gpt 2x2x1").at(1), "3.5e+03");
    EXPECT_EQ(cells_of(page, "gpt 1x2x2"), (Cells{"", "-", "-", "-", ""}));  // a trial that crashed has no gradient
    EXPECT_EQ(cells_of(page, "gpt 2x2x1").at(4), "2.5e-09 > 64 · (E 3e-14 + u·A 5.6e-17)");
    for (const Record& record : small_result().records) {
        EXPECT_EQ(cells_of(page, record.trial.subject + " " + to_string(record.trial.split)).size(), 5u);
        for (const CheckResult& check : record.verdict.checks)
            if (!check.message.empty()) {
                EXPECT_TRUE(says(page.text, to_string(check.check) + ": " + check.message));
            }
    }
}

TEST(HtmlPage, ShowsEveryWeightOfAFinding) {
    const Markup page = read_html(small_result());
    using Cells = std::vector<std::string>;
    EXPECT_EQ(cells_of(page, "sample-0"), (Cells{"0", "0", "1", "2.0000000000", "2.0000000000", ""}));
    EXPECT_EQ(cells_of(page, "sample-1"), (Cells{"0", "1", "2", "0.6666666667", "0.6666666667", ""}));
    EXPECT_EQ(cells_of(page, "sample-2"), (Cells{"0", "1", "1", "0.6666666667", "0.6666666667", ""}));
    EXPECT_EQ(cells_of(page, "sample-3"), (Cells{"0", "1", "0", "no gradient", "0.6666666667", ""}));
    std::vector<std::string> bars;
    for (const Element& element : page.named("span"))
        if (element.attributes.at("class") == "bar") bars.push_back(element.attributes.at("style"));
    EXPECT_EQ(bars, (Cells{"width:10.00rem", "width:3.33rem", "width:3.33rem", "width:0.00rem"}));
}

TEST(HtmlPage, SaysWhatIsPaidForNothing) {
    const Result result = small_result();
    ASSERT_EQ(result.waste.size(), 1u);
    const std::string text = read_html(result).text;
    EXPECT_TRUE(says(text, "Paid for nothing\n" + result.waste[0].summary));
    EXPECT_TRUE(says(text, result.waste[0].remedy + "\nRepeat with " + result.waste[0].repro));
}

TEST(HtmlPage, AFindingSaysWhatWhereWhyNotAndHowToRepeatIt) {
    const Result result = small_result();
    ASSERT_EQ(result.findings.size(), 2u);
    const Finding& finding = result.findings[0];
    const std::string text = read_html(result).text;
    EXPECT_TRUE(says(text, "Found: token-mean-of-means\n" + meaning(Cause::token_mean_of_means)));
    EXPECT_TRUE(says(text, "First seen: step 1, rank 0 in " + finding.trial));
    EXPECT_TRUE(says(text, "Weight = " + formula(Cause::token_mean_of_means)));
    EXPECT_TRUE(says(text, "Ruled out"));
    EXPECT_GT(finding.rivals.size(), 8u);
    for (const Rival& rival : finding.rivals)
        EXPECT_TRUE(says(text, "not " + to_string(rival.cause) + ": " + rival.ruled_out_by));
    EXPECT_TRUE(says(text, "Remedy. " + finding.remedy + "\nSeen before in: " + finding.precedent + "\nRepeat with " +
                               finding.repro));
    EXPECT_TRUE(says(text, "Found: unknown"));
    EXPECT_EQ(text.find("To tell them apart"), std::string::npos);
}

TEST(HtmlPage, ShowsWhatIsLeftOfEarlierGradientsAndOddWeights) {
    Result result = small_result();
    result.findings = {odd_finding()};
    const Markup page = read_html(result);
    EXPECT_TRUE(says(page.text, "Found: not-zeroed-after-step or zero-grad-in-window"));
    EXPECT_TRUE(says(page.text,
                     "gradient of 2 window(s) before: 0.2500000000\ngradient of 1 window(s) before: 1.0000000000\n"));
    EXPECT_TRUE(says(page.text, "largest distance between prediction and recovery in the whole matrix: 0.75"));
    EXPECT_TRUE(says(page.text, "To tell them apart: the separation"));
    EXPECT_EQ(cells_of(page, "sample-0").at(3), "inf");
    EXPECT_EQ(cells_of(page, "sample-1").at(3), "-12345.6780000000");
    EXPECT_EQ(cells_of(page, "sample-2").at(3), "0.0000000000");
    EXPECT_EQ(cells_of(page, "sample-2").at(4), "-");
    std::vector<std::string> bars;
    for (const Element& element : page.named("span"))
        if (element.attributes.at("class") == "bar") bars.push_back(element.attributes.at("style"));
    EXPECT_EQ(bars, (std::vector<std::string>{"width:10.00rem", "width:10.00rem",
                                              "width:0.00rem"}));  // never wider than that
}

TEST(HtmlPage, SaysOfEveryClaimWhetherItCouldHaveFailed) {
    const Markup page = read_html(small_result());
    using Cells = std::vector<std::string>;
    EXPECT_EQ(cells_of(page, "gpt weighting"),
              (Cells{meaning(Claim::weighting), "4 trials could have shown a breach"}));
    EXPECT_EQ(cells_of(page, "gpt tail").at(1), ": " + how_to_test(Claim::tail));
    EXPECT_TRUE(says(page.text, "untested: " + how_to_test(Claim::tail)));
    EXPECT_TRUE(says(page.text, "untested (allowed): " + how_to_test(Claim::schedule)));
    EXPECT_TRUE(cells_of(page, "mlp weighting").empty());  // its contract does not claim it
}

TEST(HtmlPage, IsWholeWithoutAnythingToSay) {
    const Markup page = read_html(assemble("", {}, {}, {}));
    EXPECT_TRUE(says(page.text, "No trial was run."));
    EXPECT_EQ(page.text.find("What was claimed"), std::string::npos);
}

TEST(HtmlPage, NoTextFromOutsideMakesATagOrAnAttribute) {
    ASSERT_GE(hostile_texts().size(), 60u);
    const Markup harmless = read_html(harmless_result());
    for (const std::string& text : hostile_texts()) {
        const std::string page = html_page(hostile_result(text));
        Markup markup;
        ASSERT_NO_THROW(markup = MarkupReader(page).html()) << shown(text);
        EXPECT_EQ(markup.skeleton(), harmless.skeleton()) << shown(text);
        for (std::size_t i = 0; i < markup.elements.size(); ++i)
            ASSERT_EQ(markup.elements[i].attributes, harmless.elements[i].attributes) << shown(text);
    }
}

TEST(HtmlPage, HoldsAMegabyte) {
    EXPECT_EQ(read_html(long_result()).skeleton(), read_html(small_result()).skeleton());
}

TEST(HtmlPage, ShowsTextFromOutsideAsItIs) {
    for (const char* text : {"<script>alert(1)</script>", "\"onmouseover=", "&#x0;", "]]>", "a & b < c",
                             "Größe · 日本語", "'", "{} {0}"}) {
        const Markup page = read_html(hostile_result(text));
        EXPECT_TRUE(says(page.text, "grad: " + std::string(text)));
        EXPECT_EQ(page.named("p").at(0).text, "⚠ " + std::string(text));
        EXPECT_TRUE(says(page.text, "Repeat with " + std::string(text)));
    }
}

TEST(HtmlPage, ALongIdIsCutBetweenCharacters) {
    Result result = small_result();
    result.findings = {odd_finding()};
    result.findings[0].weights[0].sample = "abcdefghijklmnopqrstuvw€xyz";
    result.findings[0].weights[1].sample = "abcdefghijklmnopqrstuvwx";
    const Markup page = read_html(result);
    EXPECT_EQ(cells_of(page, "abcdefghijklmnopqrstuvw€").size(), 6u);
    EXPECT_EQ(cells_of(page, "abcdefghijklmnopqrstuvwx").size(), 6u);
}

}  // namespace
}  // namespace isobatch
