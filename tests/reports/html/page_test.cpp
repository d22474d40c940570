#include "reports/html/page.h"

#include "base/sha256.h"
#include "reports/html/script.h"
#include "reports/html/style.h"
#include "tests/base/expect.h"
#include "tests/reports/hostile.h"
#include "tests/reports/html/read.h"

namespace isobatch {
namespace {

Markup read_html(const Result& result) {
    return MarkupReader(html_page(result)).html();
}

TEST(HtmlPage, IsWellFormedAndLoadsNothing) {
    const Markup page = read_html(small_result());
    EXPECT_EQ(page.elements[0].name, "html");
    EXPECT_EQ(page.named("title").at(0).text, "isobatch: crashed");
    for (const char* loads : {"link", "img", "iframe", "object", "form", "image", "use", "base"})
        EXPECT_TRUE(page.named(loads).empty()) << loads;
    for (const Element& element : page.elements)
        for (const auto& [name, value] : element.attributes) {
            EXPECT_FALSE(name.starts_with("on") || name == "src" || name == "style") << name;
            EXPECT_TRUE(name != "href" || value.starts_with("#")) << value;
            EXPECT_EQ(value.find("url("), std::string::npos);
        }
    EXPECT_EQ(page_style.find("url("), std::string_view::npos);
}

TEST(HtmlPage, AllowsItsOwnStyleAndScriptAndNoOther) {
    const Markup page = read_html(small_result());
    ASSERT_EQ(page.named("style").size(), 1u);
    ASSERT_EQ(page.named("script").size(), 1u);
    EXPECT_EQ(page.named("meta").at(2).attributes.at("content"),
              "default-src 'none'; style-src 'sha256-" + sha256_base64(page.named("style")[0].text) +
                  "'; script-src 'sha256-" + sha256_base64(page.named("script")[0].text) +
                  "'; base-uri 'none'; form-action 'none'");
}

TEST(HtmlPage, EveryLinkLeadsSomewhereAndEveryNameIsGivenOnce) {
    const Markup page = read_html(small_result());
    std::set<std::string> names;
    for (const Element& element : page.elements)
        if (element.attributes.contains("id")) {
            EXPECT_TRUE(names.insert(element.attributes.at("id")).second) << element.attributes.at("id");
        }
    EXPECT_GT(page.named("a").size(), 20u);
    for (const Element& link : page.named("a")) EXPECT_TRUE(names.contains(link.attributes.at("href").substr(1)));
    for (const Element& element : page.elements)
        if (element.attributes.contains("aria-labelledby")) {
            EXPECT_TRUE(names.contains(element.attributes.at("aria-labelledby")));
        }
}

TEST(HtmlPage, BeginsWithTheAnswerTheCauseAndItsCommand) {
    const Result result = small_result();
    const Markup page = read_html(result);
    EXPECT_EQ(of_class(page, "p", "answer crashed").at(0).text, "⚠ " + result.summary);
    const std::size_t answer = page.text.find("⚠ " + result.summary),
                      cause = page.text.find("token-mean-of-means", answer),
                      command = page.text.find(result.findings[0].repro), lattice = page.text.find("at a glance");
    EXPECT_LT(answer, cause);
    EXPECT_LT(cause, command);
    EXPECT_LT(command, page.text.find("What is wrong, and what shows it"));
    EXPECT_LT(lattice, page.text.find("What is wrong, and what shows it"));
    EXPECT_TRUE(says(page.text, "1 ⚠ crashed2 ✗ divergent1 ? inconclusive1 ✓ equivalent1 ✓ identical"));
}

TEST(HtmlPage, EveryOutcomeHasItsSignBesideItsColour) {
    const Markup page = read_html(small_result());
    std::map<std::string, std::string> marks;
    for (const Element& element : page.named("span"))
        if (element.attributes.contains("class") && element.attributes.at("class").starts_with("mark "))
            marks[element.attributes.at("class")] = element.text;
    EXPECT_EQ(marks, (std::map<std::string, std::string>{{"mark identical", "✓ identical"},
                                                         {"mark equivalent", "✓ equivalent"},
                                                         {"mark inconclusive", "? inconclusive"},
                                                         {"mark divergent", "✗ divergent"},
                                                         {"mark crashed", "⚠ crashed"}}));
    for (const auto& [name, text] : marks) EXPECT_TRUE(says(std::string(page_style), "." + name.substr(5)));
}

TEST(HtmlPage, EveryPictureIsNamedAndHasATableBesideIt) {
    const Markup page = read_html(small_result());
    ASSERT_GT(page.named("svg").size(), 3u);
    for (const Element& picture : page.named("svg")) {
        EXPECT_EQ(picture.attributes.at("role"), "img");
        EXPECT_FALSE(picture.attributes.at("aria-label").empty());
    }
    for (const Element& head : page.named("th")) EXPECT_TRUE(head.attributes.contains("scope"));
    EXPECT_EQ(page.named("table").size(), page.named("caption").size());
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
    }
}

TEST(HtmlPage, OfAMegabyteItHoldsTheStartAndSaysSo) {
    EXPECT_EQ(read_html(long_result()).skeleton(), read_html(small_result()).skeleton());
    EXPECT_LT(html_page(long_result()).size(), html_page(small_result()).size() + 20000);
    EXPECT_TRUE(says(read_html(long_result()).text, "more bytes)"));
}

TEST(HtmlPage, ShowsTextFromOutsideAsItIs) {
    for (const char* text : {"<script>alert(1)</script>", "\"onmouseover=", "&#x0;", "]]>", "a & b < c",
                             "Größe · 日本語", "'", "{} {0}"}) {
        const Markup page = read_html(hostile_result(text));
        EXPECT_TRUE(says(page.text, "data: " + std::string(text)));
        EXPECT_EQ(of_class(page, "p", "answer crashed").at(0).text, "⚠ " + std::string(text));
        EXPECT_TRUE(says(page.text, text));
    }
}

/// So many trials of several matrices, of every outcome.
Result many(int trials) {
    std::vector<Record> records;
    const std::vector<Split> splits = {{4, 1, 1}, {2, 2, 1}, {2, 1, 2}, {1, 4, 1}, {1, 2, 2}, {1, 1, 4}};
    for (int i = 0; i < trials; ++i) {
        const Outcome outcome = i % 50 == 1 ? Outcome::divergent : Outcome::equivalent;
        records.push_back(small_record("gpt", splits[static_cast<std::size_t>(i) % splits.size()], outcome));
        records.back().trial.seed = static_cast<std::uint64_t>(i) / splits.size();
        for (CheckResult& check : records.back().verdict.checks) {
            for (int p = 0; p < 30 && check.check == Check::grad; ++p)
                check.parameters.push_back({"blocks.0.attention.weight." + std::to_string(p), 0.1 * p});
            for (int k = 1; k <= 6 && check.check == Check::loss; ++k) check.losses.push_back({k, 2.5, 2.5, 1e-12});
        }
        if (outcome == Outcome::divergent) {
            records.back().evidence.windows = {small_window()};
            records.back().evidence.windows[0].recovered = {{{0}, {2, 2.0 / 3, 2.0 / 3, not_a_number}, {}, 1e-15}};
        }
    }
    return assemble("isobatch check", std::move(records), {}, {});
}

TEST(HtmlPage, FiveHundredTrialsTakeTwoMegabytesAtMost) {
    const std::string page = html_page(many(500));
    EXPECT_LT(page.size(), 2u << 20);
    EXPECT_EQ(of_class(MarkupReader(page).html(), "tr", "").size(), 0u);
}

TEST(HtmlPage, OfManyTrialsItShowsTheWorstAndSaysWhatIsLeftOut) {
    const Result result = many(3000);
    const std::string page = html_page(result);
    EXPECT_LT(page.size(), 3u << 20);
    const Markup markup = MarkupReader(page).html();
    EXPECT_TRUE(says(markup.text, "500 of 3000 trials are shown, the worst first chosen; result.json holds all."));
    int red = 0;
    for (const Element& row : markup.named("tr"))
        red += row.attributes.contains("data-outcome") && row.attributes.at("data-outcome") == "divergent";
    EXPECT_EQ(red, 60);  // none of them is left out
}

}  // namespace
}  // namespace isobatch
