#include "reports/changes.h"

#include "tests/base/expect.h"
#include "tests/reports/hostile.h"

namespace isobatch {
namespace {

Result all_right() {
    std::vector<Record> records = small_records();
    for (Record& record : records) {
        Record right = small_record(record.trial.subject, record.trial.split, Outcome::equivalent);
        right.trial = record.trial;
        record = right;
    }
    return assemble("", std::move(records), {}, {});
}

TEST(ChangesBetween, OneResultAndItselfAreNone) {
    const Changes changes = changes_between(small_result(), small_result());
    EXPECT_FALSE(changes.regressed());
    EXPECT_EQ(changes.same, 6u);
    EXPECT_TRUE(says(changes_text(changes, false),
                     "Not regressed: 0 trials worse, 0 better, 6 the same; the run is crashed and was crashed.\n"));
}

TEST(ChangesBetween, SeesWhatGotWorseAndBetter) {
    const Changes worse = changes_between(all_right(), small_result()),
                  better = changes_between(small_result(), all_right());
    EXPECT_TRUE(worse.regressed());
    EXPECT_EQ(worse.worse.size(), 4u);
    EXPECT_EQ(worse.better.size(), 1u);  // one is identical now
    EXPECT_EQ(worse.new_causes, (std::vector<std::string>{"gpt: token-mean-of-means", "mlp: unknown"}));
    EXPECT_TRUE(worse.gone_causes.empty());
    EXPECT_EQ(better.better.size(), 4u);
    EXPECT_EQ(better.gone_causes, worse.new_causes);
    EXPECT_TRUE(better.new_causes.empty());
    EXPECT_EQ(better.worse.size(), 1u);  // the same bits are more than equivalent
    const std::string text = changes_text(worse, false);
    EXPECT_TRUE(says(text, "new cause: gpt: token-mean-of-means\n"));
    EXPECT_TRUE(says(text, "worse (4)\n"));
    EXPECT_TRUE(says(text, "  equivalent -> divergent  gpt --splits 2x2x1"));
    EXPECT_TRUE(says(text, "Regressed: 4 trials worse, 1 better, 1 the same"));
}

TEST(ChangesBetween, ANewCauseAloneIsARegression) {
    Result before = small_result(), after = small_result();
    before.findings.erase(before.findings.begin());
    EXPECT_TRUE(changes_between(before, after).regressed());
    EXPECT_FALSE(changes_between(after, before).regressed());
}

TEST(ChangesBetween, TrialsOfOneSideAreSaidAndJudgeNothing) {
    Result fewer = small_result();
    fewer.records.pop_back();
    const Changes added = changes_between(fewer, small_result()), gone = changes_between(small_result(), fewer);
    EXPECT_EQ(added.added.size(), 1u);
    EXPECT_EQ(gone.gone.size(), 1u);
    EXPECT_FALSE(added.regressed() || gone.regressed());
    EXPECT_TRUE(says(changes_text(added, false), "only in the second (1)\n  absent -> divergent  mlp"));
    EXPECT_TRUE(says(changes_text(gone, false), "only in the first (1)\n  divergent -> absent  mlp"));
}

TEST(ChangesBetween, IsJsonForPrograms) {
    const Json json = to_json(changes_between(all_right(), small_result()));
    EXPECT_EQ(json.at("schema"), "isobatch-changes/1");
    EXPECT_EQ(json.at("regressed"), true);
    EXPECT_EQ(json.at("worse").size(), 4u);
    EXPECT_EQ(json.at("worse")[0].at("before"), "equivalent");
    EXPECT_EQ(to_json(changes_between(assemble("", {}, {}, {}), small_result())).at("added")[0].at("before"), nullptr);
}

TEST(ChangesText, IsSafeOnATerminal) {
    for (const std::string& text : hostile_texts()) {
        Result before = small_result();
        before.findings.clear();
        for (const char c : changes_text(changes_between(before, hostile_result(text)), false))
            EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << shown(text);
    }
}

}  // namespace
}  // namespace isobatch
