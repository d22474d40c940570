/// What a trial shows without looking at its gradients.
#include <algorithm>

#include "diagnose/evidence_of.h"
#include "tests/base/expect.h"
#include "tests/diagnose/matrix.h"

namespace isobatch {
namespace {

using Steps = std::vector<std::int64_t>;

const Synthetic& matrix() {
    static const Synthetic matrix;
    return matrix;
}

Evidence evidence(const Trace& candidate) {
    static const Yardstick yardstick = yardstick_of(matrix().reference());
    return evidence_of(yardstick, candidate);
}

TEST(EvidenceOf, ShowsHowEachJudgedWindowWasCut) {
    const Evidence found = evidence(matrix().candidate({4, 2, 2}));
    EXPECT_EQ(found.missing, Steps{});
    EXPECT_EQ(found.ragged, (Steps{3, 6}));
    EXPECT_EQ(found.strangers, Steps{});
    Steps judged;
    for (const WindowEvidence& window : found.windows) {
        judged.push_back(window.window);
        EXPECT_EQ(window.step, window.window);
        const SyntheticWindow& made = matrix().windows()[static_cast<std::size_t>(window.window - 1)];
        EXPECT_EQ(window.sample_units, made.units);
        EXPECT_EQ(window.layout.ragged, made.batch.samples < 16);
        ASSERT_EQ(window.micro_of.size(), made.samples.size());
        for (std::size_t i = 0; i < made.samples.size(); ++i) {
            EXPECT_EQ(window.samples[i], std::to_string(made.samples[i]));
            const MicroCount& micro = window.layout.micros.at(static_cast<std::size_t>(window.micro_of[i]));
            EXPECT_EQ(micro.rank, static_cast<int>(i / 4 % 2));  // sampler order: rank by rank, then the next micro
            EXPECT_EQ(micro.micro, static_cast<int>(i / 8));
        }
        EXPECT_TRUE(window.recovered.empty());
        EXPECT_EQ(window.refused, "");
    }
    EXPECT_EQ(judged, (Steps{1, 2, 3, 4, 6}));
}

TEST(EvidenceOf, CountsStepsAsTheOptimizerDoesWhereItKeepsACount) {
    const auto counting = [](Trace trace) {
        for (std::vector<Step>& rank : trace.ranks)
            for (Step& step : rank) step.counters.counted_steps = *step.number;
        return trace;
    };
    Trace candidate = matrix().candidate({4, 2, 2});
    EXPECT_FALSE(evidence(candidate).windows[0].layout.counts_steps);
    const Trace reference = counting(matrix().reference());
    candidate = counting(std::move(candidate));
    const auto counted = [&] {
        std::vector<std::int64_t> counts;
        for (const WindowEvidence& window : evidence_of(yardstick_of(reference), candidate).windows) {
            EXPECT_TRUE(window.layout.counts_steps);
            counts.push_back(window.counted);
        }
        return counts;
    };
    EXPECT_EQ(counted(), (std::vector<std::int64_t>{1, 1, 1, 1, 1}));
    candidate.ranks[1][1].counters.counted_steps = 5;
    candidate.ranks[0][3].counters.counted_steps = 3;
    EXPECT_EQ(counted(), (std::vector<std::int64_t>{1, 4, 1, 0, 1}));
    candidate = counting(matrix().candidate({2, 1, 8}));
    ASSERT_TRUE(candidate.ranks[7][2].micros.empty());
    candidate.ranks[7][2].counters.counted_steps = 0;
    EXPECT_EQ(counted(), (std::vector<std::int64_t>{1, 1, 1, 1, 1})) << "a device without a sample may not step";
}

TEST(EvidenceOf, WhatIsLeftIsAlteredWhereTheUpdateItselfIsRight) {
    Trace candidate = matrix().candidate({4, 2, 2});
    const auto altered = [&] {
        std::vector<bool> windows;
        for (const WindowEvidence& window : evidence(candidate).windows)
            windows.push_back(window.updating == Updating::altered);
        return windows;
    };
    EXPECT_EQ(altered(), (std::vector<bool>{false, false, false, false, false}));
    candidate.ranks[1][1].made.at("param") = {"xxh3:2", "xxh3:1", "param/bias"};
    candidate.ranks[0][2].made.at("opt") = {"xxh3:2", "xxh3:1", "opt/exp_avg/bias"};
    EXPECT_EQ(altered(), (std::vector<bool>{false, true, false, false, false}));
    candidate.ranks[1][1].tensors.erase("forced/param/bias");
    EXPECT_EQ(altered(), (std::vector<bool>{false, false, false, false, false})) << "its update may be wrong";
}

TEST(EvidenceOf, ListsMissingAndStrangeWindows) {
    Trace candidate = matrix().candidate({4, 4, 1}, {.trains_on_tail = false});
    EXPECT_EQ(evidence(candidate).missing, (Steps{3, 6}));
    EXPECT_EQ(evidence(candidate).ragged, (Steps{3, 6}));
    Steps steps, windows;
    for (const WindowEvidence& window : evidence(candidate).windows) {
        steps.push_back(window.step);
        windows.push_back(window.window);
    }
    EXPECT_EQ(steps, (Steps{1, 2, 3}));
    EXPECT_EQ(windows, (Steps{1, 2, 4}));

    candidate.ranks[0][1].micros[0].samples[0] = "stranger";
    EXPECT_EQ(evidence(candidate).missing, (Steps{2, 3, 6}));
    EXPECT_EQ(evidence(candidate).strangers, Steps{2});
    EXPECT_EQ(evidence(candidate).strays, std::vector<std::vector<Stray>>{{Stray::other}});
}

TEST(EvidenceOf, AnOutsideLoopTakesForUnfinishedWhatDoesNotFillItsTurns) {
    Yardstick yardstick = yardstick_of(matrix().reference());
    const Trace filled = matrix().candidate({8, 2, 1}),
                unfilled = matrix().candidate({4, 4, 1});               // a tail of 11 samples
    EXPECT_EQ(evidence_of(yardstick, filled).unfilled, (Steps{3, 6}));  // ours drops what is ragged
    yardstick.ours = false;
    EXPECT_EQ(evidence_of(yardstick, filled).unfilled, Steps{});
    EXPECT_EQ(evidence_of(yardstick, filled).ragged, (Steps{3, 6}));
    EXPECT_EQ(evidence_of(yardstick, unfilled).unfilled, (Steps{3, 6}));
    EXPECT_EQ(evidence_of(yardstick, matrix().candidate({2, 2, 4})).unfilled, Steps{});
    EXPECT_EQ(evidence_of(yardstick, matrix().candidate({2, 4, 2})).unfilled, (Steps{3, 6}));
}

TEST(EvidenceOf, RaggedIsMeasuredByTheCandidatesBatch) {
    const Synthetic whole({.samples = 48});
    const Yardstick yardstick = yardstick_of(whole.reference());
    EXPECT_EQ(evidence_of(yardstick, whole.candidate({4, 4, 1})).ragged, Steps{});
}

}  // namespace
}  // namespace isobatch
