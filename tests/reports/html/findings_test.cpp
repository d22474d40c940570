#include "reports/html/findings.h"

#include "tests/base/expect.h"
#include "tests/reports/html/read.h"
#include "tests/reports/small_result.h"

namespace isobatch {
namespace {

TEST(FindingsPart, SaysWhatWhereWhyNotAndHowToRepeatIt) {
    const Result result = small_result();
    ASSERT_EQ(result.findings.size(), 2u);
    const Finding& finding = result.findings[0];
    const std::string text = read_part(findings_part(result)).text;
    EXPECT_TRUE(says(text, "token-mean-of-means\n" + meaning(Cause::token_mean_of_means)));
    EXPECT_TRUE(says(text, "First seen: step 1, rank 0 in split gpt 2x2x1"));
    EXPECT_TRUE(says(text, formula(Cause::token_mean_of_means)));
    EXPECT_GT(finding.rivals.size(), 8u);
    for (const Rival& rival : finding.rivals)
        EXPECT_TRUE(says(text, "not " + to_string(rival.cause) + ": " + rival.ruled_out_by));
    EXPECT_TRUE(says(text, "Remedy. " + finding.remedy));
    EXPECT_TRUE(says(text, "Seen before in: " + finding.precedent + "\nRepeat it with\n" + finding.repro));
    EXPECT_TRUE(says(text, "unknown"));
    EXPECT_EQ(text.find("To tell them apart"), std::string::npos);
    EXPECT_EQ(findings_part(assemble("", {}, {}, {})), "");
}

TEST(FindingsPart, ShowsWhatIsLeftOfEarlierGradients) {
    Result result = small_result();
    result.findings = {odd_finding()};
    const std::string text = read_part(findings_part(result)).text;
    EXPECT_TRUE(says(text, "not-zeroed-after-step or zero-grad-in-window"));
    EXPECT_TRUE(says(
        text,
        "gradient of 2 window(s) before: 0.2500000000\ngradient of 1 window(s) before: 1.0000000000\n"
        "the <penalty> of the loss, beyond its share in the samples: 14.5000000000 times, predicted 15.0000000000\n"));
    EXPECT_TRUE(says(text, "largest distance between prediction and recovery in the whole matrix: 0.75"));
    EXPECT_TRUE(says(text, "To tell them apart: the separation"));
}

TEST(CausesFound, NamesSplitSampleAndCommandOfEach) {
    const Result result = small_result();
    const Markup page = read_part(causes_found(result));
    EXPECT_TRUE(
        says(page.text,
             "First in split gpt 2x2x1, step 1, rank 0: sample sample-0 (rank 0, micro 0) weighs 2 instead of 1\n" +
                 result.findings[0].repro));
    EXPECT_EQ(page.named("a").at(0).attributes.at("href"), "#f0");
    EXPECT_EQ(causes_found(assemble("", {}, {}, {})), "");
}

TEST(CausesFound, SaysWhatWasPlantedAndWhichWeightIsFurthestOffInAnySplit) {
    Result result = small_result();
    for (Record& record : result.records) record.trial.fault.clear();
    EXPECT_FALSE(says(read_part(causes_found(result)).text, "Planted on purpose"));
    result.records[2].trial.fault = "zero-grad-in-window<b>";
    EXPECT_TRUE(
        says(read_part(causes_found(result)).text, "Planted on purpose, to see it found: zero-grad-in-window<b>."));
    WindowEvidence window;
    window.step = 7;
    window.samples = {"a", "b<b>"};
    window.weight_tolerance = 0.25;
    window.recovered = {{{0}, {1.2, -40}, {}, 0, {}}};
    result.records[1].evidence.windows = {window};
    EXPECT_TRUE(says(read_part(causes_found(result)).text, ", step 7: sample b<b> weighs -40 instead of 1."));
    for (Record& record : result.records) record.evidence.windows.clear();
    window.recovered[0].weights = {1.2, not_a_number};
    result.records[1].evidence.windows = {window};
    EXPECT_FALSE(says(read_part(causes_found(result)).text, "Furthest off")) << "within what a weight is read to";
}

TEST(WorstSample, IsTheOneThatIsFurthestOff) {
    Finding finding = odd_finding();
    EXPECT_EQ(worst_sample(finding), "sample sample-0 (rank 0, micro 0) weighs inf instead of 1");
    finding.weights[0].recovered = 1.5;
    EXPECT_EQ(worst_sample(finding), "sample sample-1 (rank 0, micro 1) weighs -12346 instead of 1");
    for (WeightLine& line : finding.weights) line.recovered = not_a_number;
    EXPECT_EQ(worst_sample(finding), "");
}

TEST(FindingsPart, OfVeryManyTheRestIsCounted) {
    Result result = small_result();
    result.findings.resize(100, odd_finding());
    EXPECT_TRUE(says(causes_found(result), "40 of 100 findings are shown"));
    EXPECT_EQ(read_part(findings_part(result)).named("article").size(), 40u);
}

}  // namespace
}  // namespace isobatch
