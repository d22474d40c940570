#include "reports/markdown.h"

#include "tests/base/expect.h"
#include "tests/reports/hostile.h"

namespace isobatch {
namespace {

/// What Markdown could read as its own: all punctuation but what is escaped.
std::string structure_of(const std::string& markdown) {
    std::string marks;
    for (std::size_t i = 0; i < markdown.size(); ++i) {
        if (markdown[i] == '\\')
            ++i;
        else if (std::string_view("`*_[]<>#|!&\n").find(markdown[i]) != std::string_view::npos)
            marks += markdown[i];
    }
    return marks;
}

TEST(MarkdownSummary, SaysTheAnswerTheCauseTheCommandAndEverySplit) {
    const Result result = small_result();
    const std::string text = markdown_summary(result);
    EXPECT_TRUE(text.starts_with("## isobatch: crashed\n\n" + markdown_text(result.summary)));
    EXPECT_TRUE(says(text, "### token-mean-of-means\n\n" + markdown_text(meaning(Cause::token_mean_of_means))));
    EXPECT_TRUE(says(text, "<pre>" + result.findings[0].repro + "</pre>"));
    EXPECT_TRUE(says(text, "| gpt 2x2x1 | divergent | 3.5e+03 | 12.5 |\n"));
    EXPECT_TRUE(says(text, "| gpt 1x2x2 | crashed | - | - |\n"));
    EXPECT_LT(text.find("1x2x2 | crashed"), text.find("4x1x1 | identical"));  // the worst first
    EXPECT_TRUE(says(text, "* untested: tail of gpt"));
    EXPECT_TRUE(says(text, "* untested (allowed): schedule of gpt"));
    EXPECT_TRUE(says(text, "<pre>" + result.command + "</pre>"));
}

/// Without what stands in <pre>, where nothing is Markdown and a text is escaped as HTML is.
std::string without_preformatted(std::string text) {
    for (std::size_t at; (at = text.find("<pre>")) != std::string::npos;)
        text.erase(at, text.find("</pre>", at) + 6 - at);
    return text;
}

TEST(MarkdownSummary, NoTextFromOutsideIsMarkdown) {
    const std::string harmless = structure_of(without_preformatted(markdown_summary(harmless_result())));
    for (const std::string& text : hostile_texts()) {
        const std::string summary = markdown_summary(hostile_result(text));
        for (const char c : summary) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << shown(text);
        EXPECT_EQ(structure_of(without_preformatted(summary)), harmless) << shown(text);
    }
}

TEST(MarkdownText, EscapesEveryMark) {
    EXPECT_EQ(markdown_text("<b> [x](y) | *z*"), "\\<b\\> \\[x\\]\\(y\\) \\| \\*z\\*");
    EXPECT_EQ(markdown_text("a\nb"), "a\\\\nb");  // one line stays one
    EXPECT_EQ(markdown_text("abcd", 3), "abc …");
}

TEST(MarkdownSummary, AMegabyteStaysBelowWhatGithubTakes) {
    EXPECT_LT(markdown_summary(long_result()).size(), 100000u);
    Result result = small_result();
    result.records.resize(10000, small_record("gpt", {4, 1, 1}, Outcome::equivalent));
    result.findings.resize(500, odd_finding());
    EXPECT_LT(markdown_summary(result).size(), 1u << 20);
    EXPECT_TRUE(says(markdown_summary(result), "200 of 10000 trials are shown"));
}

TEST(GithubAnnotations, NameCausesAndCrashes) {
    const std::string text = github_annotations(small_result());
    EXPECT_TRUE(text.starts_with("::error title=isobatch token-mean-of-means::" + meaning(Cause::token_mean_of_means)));
    EXPECT_TRUE(says(text, "::error title=isobatch crashed::1x2x2 the worker ended with signal 11 Repeat: "));
    EXPECT_EQ(github_annotations(assemble("", {small_record("lesson", {4, 1, 1}, Outcome::identical)},
                                          {"tail", "schedule", "state"}, {})),
              "");
    EXPECT_TRUE(
        says(github_annotations(assemble("", {}, {}, {})), "::warning title=isobatch inconclusive::No trial was run."));
}

TEST(GithubAnnotations, NoTextFromOutsideStartsACommand) {
    for (const std::string& text : hostile_texts()) {
        const std::string lines = github_annotations(hostile_result("x\n::error::" + text));
        for (std::size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1)
            EXPECT_TRUE(lines.substr(at).starts_with("::error title=isobatch ") ||
                        lines.substr(at).starts_with("::warning title=isobatch "))
                << shown(text);
    }
    EXPECT_TRUE(says(github_annotations(hostile_result("50 %0A")), "50 %250A"));
}

TEST(Markdown, SaysWhatTheContractRestsOn) {
    Result result = small_result();
    result.clauses = {{Claim::tail, "keeps-tail", true, Stance::broken, "11 lost"}};
    EXPECT_TRUE(says(markdown_summary(result), "claimed and not kept\\: keeps\\-tail \\(11 lost\\)"));
}

}  // namespace
}  // namespace isobatch
