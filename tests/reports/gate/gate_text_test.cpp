#include "reports/gate/gate_text.h"

#include <algorithm>

#include "tests/base/expect.h"
#include "tests/reports/gate/small_gate.h"
#include "tests/reports/hostile.h"

namespace isobatch {
namespace {

const GateFiles files{{"run", "run-2"}, "gate.json"};

Gate red() {
    Baseline now = small_baseline();
    ++now.trials[1].traffic.calls;
    --now.trials[2].traffic.calls;
    return gate(small_baseline(), now, {});
}

Gate few_runs(std::size_t then, std::size_t now) {
    return gate(baseline_of(small_rounds(then)), baseline_of(small_rounds(now)), {});
}

TEST(GateText, BeginsWithTheAnswerAndRepeatsEachTrial) {
    const std::string text = gate_text(red(), files, false);
    EXPECT_TRUE(
        text.starts_with("Regressed: 1 thing is worse than in the baseline (collectives 1).\n"
                         "worse collectives: 24 calls -> 25 calls in gpt --splits 2x2x1 "))
        << text;
    EXPECT_TRUE(says(text, "\n  repeat: isobatch check gpt --splits 2x2x1 "));
    EXPECT_TRUE(says(text, "\nbetter collectives: 24 calls -> 23 calls in gpt --splits 1x2x2 "));
    EXPECT_TRUE(says(text, "To keep what is better: isobatch gate run run-2 --baseline gate.json --approve\n"));
    EXPECT_TRUE(says(gate_text(red(), files, true), "\x1b[31m"));
}

TEST(GateText, SaysWhatDecidesWhatIsUndecided) {
    const std::string text = gate_text(few_runs(24, 22), files, false);
    EXPECT_TRUE(text.starts_with("Undecided: ")) << text;
    EXPECT_TRUE(says(text, "\n  isobatch check --out run-3 gpt --effective 4\n  isobatch check --out run-4 gpt "));
    EXPECT_TRUE(says(text, "\n  isobatch gate run run-2 run-3 run-4 --baseline gate.json\n"));
    EXPECT_TRUE(says(text, "--allow-untested throughput"));
}

TEST(GateText, SaysWhatTheBaselineLacks) {
    EXPECT_TRUE(says(gate_text(few_runs(23, 24), files, false), "The baseline takes 1 more run: "));
    Baseline now = small_baseline();
    now.machine = "another";
    const std::string text = gate_text(gate(small_baseline(), now, {}), files, false);
    EXPECT_TRUE(says(text, "foreign baseline: measured on"));
    EXPECT_TRUE(says(text, "\n  isobatch gate run run-2 --baseline gate.json.here --approve\n"));
}

TEST(GateText, WhereRunsDoNotDecideTwiceAsManyMight) {
    Gate open = few_runs(24, 24);
    ASSERT_TRUE(open.undecided.empty());
    open.undecided.push_back({Aspect::throughput, "gpt", "a", "b", "c"});
    EXPECT_TRUE(says(gate_text(open, files, false), "isobatch gate run run-2 run-3 run-4 --baseline gate.json\n"));
}

TEST(GateText, ShowsAFewOfManyThatAreUndecided) {
    Gate open = few_runs(24, 24);
    open.undecided.assign(9, {Aspect::throughput, "gpt", "a", "b", "c"});
    EXPECT_TRUE(says(gate_text(open, files, false), "undecided … and 6 more\n"));
}

TEST(GatePage, HoldsTheAnswerAndItsRows) {
    const std::string page = gate_page(red(), files);
    EXPECT_TRUE(page.starts_with("## isobatch gate: Regressed")) << page;
    EXPECT_TRUE(says(page, "| collectives | 24 calls | 25 calls | gpt "));
    EXPECT_TRUE(says(page, "<pre>isobatch check gpt "));
    EXPECT_TRUE(says(gate_page(few_runs(24, 22), files), "<pre>isobatch gate run run-2 run-3 run-4 "));
}

TEST(GateAnnotations, AreErrorsAndOneWarning) {
    EXPECT_TRUE(gate_annotations(red()).starts_with("::error title=isobatch regressed::collectives: 24 calls -> 25"));
    EXPECT_TRUE(gate_annotations(few_runs(24, 1)).starts_with("::warning title=isobatch undecided::Undecided: "));
    EXPECT_EQ(gate_annotations(few_runs(24, 24)), "");
    Gate many = red();
    many.regressed.assign(50, many.regressed[0]);
    const std::string text = gate_annotations(many);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10);
}

TEST(ApprovalText, ShowsWhatChanges) {
    const std::string text = approval_text(red(), small_baseline(), files);
    EXPECT_TRUE(says(text, "worse collectives: 24 calls -> 25 calls"));
    EXPECT_TRUE(says(text, "better collectives: 24 calls -> 23 calls"));
    EXPECT_TRUE(says(text, "gate.json would hold 3 trials of 2 runs: All 3 splits train like"));
    EXPECT_TRUE(says(approval_text(few_runs(24, 24), small_baseline(), files),
                     "Nothing is worse and nothing is better than in the baseline.\n"));
    EXPECT_TRUE(approval_text(std::nullopt, small_baseline(), files).starts_with("gate.json would hold 3 trials of "));
}

TEST(GateText, IsSafeOnATerminalAndOnAPage) {
    for (const std::string& text : hostile_texts()) {
        Gate hostile = red();
        hostile.notes = {text};
        hostile.command = text;
        hostile.undecided = hostile.better = hostile.regressed = {{Aspect::margin, text, text, text, text}};
        const GateFiles named{{text}, text};
        Baseline now = small_baseline();
        now.summary = text;
        for (const std::string& shown_text : {gate_text(hostile, named, false), gate_page(hostile, named),
                                              gate_annotations(hostile), approval_text(hostile, now, named)})
            for (const char c : shown_text)
                EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << shown(text);
        const std::string lines = gate_annotations(hostile);
        EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
    }
}

}  // namespace
}  // namespace isobatch
