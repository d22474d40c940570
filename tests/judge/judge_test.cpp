#include "judge/judge.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "plan/isobatch.h"
#include "tests/base/expect.h"
#include "tests/judge/edit.h"
#include "tests/judge/recipes.h"
#include "tests/judge/synthetic.h"
#include "tests/judge/trajectory_of.h"
#include "tests/judge/twins_of.h"

namespace isobatch {
namespace {

class Judge : public testing::TestWithParam<Recipe> {
protected:
    Verdict judged(const Trace& candidate) const { return judge(yardstick, candidate); }

    const Synthetic matrix{{.recipe = GetParam()}};
    const Yardstick yardstick = yardstick_of(matrix.reference());
};
INSTANTIATE_TEST_SUITE_P(Recipes, Judge, all_recipes(), recipe_name);

TEST_P(Judge, EveryCleanSplitIsEquivalentAndTheReferenceIdentical) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const Synthetic other({.recipe = GetParam(), .seed = seed});
        const Yardstick measure = yardstick_of(other.reference());
        EXPECT_EQ(judge(measure, other.reference()).outcome, Outcome::identical);
        for (const Split& split : splits_of({.effective = 16})) {
            const Verdict verdict = judge(measure, other.candidate(split));
            const bool same = split == Split{16, 1, 1};
            EXPECT_EQ(verdict.outcome, same ? Outcome::identical : Outcome::equivalent)
                << to_string(split) << ", seed " << seed;
            EXPECT_LT(verdict.margin, 4.0 / 64) << to_string(split) << ", seed " << seed;
        }
    }
}

TEST_P(Judge, SmallerIsobatchesAndOneEpochAreJudgedToo) {
    for (const SyntheticOptions& options :
         {SyntheticOptions{.recipe = GetParam(), .samples = 5, .effective = 2, .epochs = 1},
          SyntheticOptions{.recipe = GetParam(), .samples = 12, .effective = 12, .epochs = 3},
          SyntheticOptions{.recipe = GetParam(), .samples = 7, .effective = 9, .epochs = 1}}) {
        const Synthetic other(options);
        const Yardstick measure = yardstick_of(other.reference());
        for (const Split& split : splits_of({.effective = options.effective}))
            EXPECT_LE(judge(measure, other.candidate(split)).outcome, Outcome::equivalent) << to_string(split);
    }
}

TEST_P(Judge, NoWeightIsTestedWhereNoGradientIsCompared) {
    Yardstick blind = yardstick;
    for (WindowScale& window : blind.windows) window.tensors.clear();
    const std::vector<Claim> tested = judge(blind, matrix.candidate({4, 2, 2})).tested;
    EXPECT_EQ(std::count(tested.begin(), tested.end(), Claim::weighting), 0);
    EXPECT_EQ(std::count(tested.begin(), tested.end(), Claim::tail), 1);
}

TEST_P(Judge, NoWeightIsTestedByWindowsOfStrangers) {
    Trace strangers = matrix.candidate({4, 2, 2});
    for (std::vector<Step>& rank : strangers.ranks)
        for (Step& step : rank)
            for (Micro& micro : step.micros)
                for (std::string& sample : micro.samples) sample += "x";
    const std::vector<Claim> tested = judge(yardstick, strangers).tested;
    EXPECT_EQ(std::count(tested.begin(), tested.end(), Claim::weighting), 0);
}

TEST_P(Judge, AsksEveryQuestionInOrder) {
    const Synthetic keeping({.recipe = GetParam(), .buffers = true});
    const Verdict verdict = judge(
        yardstick_of(keeping.reference()),
        with_trajectory(with_twins(keeping.candidate({4, 2, 2}), "all", keeping.reference()), keeping.reference()));
    ASSERT_EQ(verdict.checks.size(), all_checks.size());
    for (std::size_t i = 0; i < all_checks.size(); ++i) EXPECT_EQ(verdict.checks[i].check, all_checks[i]);
    EXPECT_EQ(verdict.margin, std::max(result_of(verdict, Check::grad).margin, result_of(verdict, Check::loss).margin));
}

TEST_P(Judge, AnOutsideTrainerIsHeldToWhatItsReferenceDid) {
    Yardstick outside = yardstick;
    outside.ours = false;
    for (std::size_t w = 0; w < outside.windows.size(); ++w)  // which its recorder counted
        outside.windows[w].units = matrix.windows()[w].total_units, outside.windows[w].clip_threshold.reset();
    const auto outcome = [&](const std::function<void(Step&)>& change) {
        Trace trace = matrix.candidate({4, 2, 2});
        change(trace.ranks[0][0]);
        return judge(outside, trace);
    };
    const Verdict right = outcome([](Step&) {});
    EXPECT_EQ(right.outcome, Outcome::equivalent);
    ASSERT_EQ(right.checks.size(), 5u);  // it records neither a forced update nor what it clipped by
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(right.checks[i].check, all_checks[i]);
    const auto red = [&](Check check, const std::function<void(Step&)>& change) {
        const Verdict verdict = outcome(change);
        for (const CheckResult& result : verdict.checks)
            EXPECT_EQ(result.outcome == Outcome::divergent, result.check == check) << result.message;
    };
    red(Check::events, [](Step& step) { step.left_over = 1; });
    const auto clears = [](Step& step) { step.events = {"zero", "backward 0", "zero", "backward 1", "step"}; };
    EXPECT_EQ(outcome(clears).outcome, Outcome::equivalent) << "its gradient is right, so it sums for itself";
    red(Check::step, [](Step& step) { step.lr = {9}; });
    red(Check::step, [](Step& step) { step.clip_threshold = 9; });
    red(Check::data, [](Step& step) { step.micros[0].units += 1; });
    red(Check::grad, [](Step& step) { step.gradient = "crc32:00000001"; });
}

TEST_P(Judge, WhatIsSuspectIsDecidedByStrict) {
    const WindowScale& window = yardstick.windows[2];
    const auto at = static_cast<std::size_t>(
        std::find_if(window.tensors.begin(), window.tensors.end(), [](const auto& t) { return t.name == "bias"; }) -
        window.tensors.begin());
    const double distance = 0.5 * window.tensors[at].tolerance.allowed();
    const auto verdict = [&](const std::string& identities, bool broken) {
        Trace trace = with_twins(matrix.candidate({4, 2, 2}), identities, matrix.reference());
        for (std::vector<Step>& rank : trace.ranks)
            for (const char* name : {"grad/bias", "twin/again/bias"})
                edit(rank[2], name, [&](std::size_t j, double g) { return j == 0 ? g + distance : g; });
        if (broken)
            edit(trace.ranks[1][2], "twin/strict/bias", [](std::size_t j, double g) { return j == 0 ? 2 * g + 1 : g; });
        return judged(trace);
    };
    const CheckResult open = result_of(verdict("null-micro", false), Check::grad);
    EXPECT_EQ(open.outcome, Outcome::inconclusive);
    EXPECT_TRUE(says(open.message, "--identities strict decides"));
    const Verdict right = verdict("strict", false);
    EXPECT_EQ(result_of(right, Check::grad).outcome, Outcome::equivalent);
    EXPECT_TRUE(result_of(right, Check::grad).message.empty());
    EXPECT_EQ(verdict("strict", true).outcome, Outcome::divergent);
    EXPECT_EQ(result_of(verdict("strict", true), Check::grad).outcome, Outcome::inconclusive);
}

TEST_P(Judge, TheReferencesOwnTrialMustRepeatItsBits) {
    Trace other_bits = matrix.candidate({16, 1, 1});
    EXPECT_EQ(judged(other_bits).outcome, Outcome::identical);
    edit(other_bits.ranks[0][2], "grad/bias", [](std::size_t j, double g) {
        return j != 4                       ? g
               : GetParam() == Recipe::fp64 ? std::nextafter(g, 9)
                                            : static_cast<double>(std::nextafter(static_cast<float>(g), 9.0f));
    });
    const Verdict verdict = judged(other_bits);
    EXPECT_EQ(verdict.outcome, Outcome::inconclusive);
    const CheckResult& grad = result_of(verdict, Check::grad);
    EXPECT_TRUE(says(grad.message, "not deterministic"));
    EXPECT_EQ(grad.first, grad.worst);
    for (const CheckResult& result : verdict.checks)
        EXPECT_EQ(result.outcome, result.check == Check::grad ? Outcome::inconclusive : Outcome::identical);

    other_bits.manifest.trial =
        to_string(matrix.trial({4, 4, 1}));  // the same bits of another trial are a difference of rounding
    EXPECT_EQ(judged(other_bits).outcome, Outcome::equivalent);
}

TEST_P(Judge, TheReferencesOwnTrialCanDiverge) {
    Trace wrong = matrix.candidate({16, 1, 1});
    edit(wrong.ranks[0][2], "grad/bias", [](std::size_t, double g) { return 2 * g; });
    EXPECT_EQ(judged(wrong).outcome, Outcome::divergent);
    EXPECT_FALSE(says(result_of(judged(wrong), Check::grad).message, "not deterministic"));
}

TEST_P(Judge, ACrashIsReportedWhereItHappened) {
    Trace trace = matrix.candidate({4, 2, 2});
    trace.manifest.ended = {.complete = false, .rank = 1, .step = 4, .message = "signal 11"};
    trace.manifest.follows = "other";  // nothing else of it is looked at
    trace.ranks.clear();
    const Verdict verdict = judged(trace);
    EXPECT_EQ(verdict.outcome, Outcome::crashed);
    ASSERT_EQ(verdict.checks.size(), 1u);
    EXPECT_EQ(verdict.checks[0].outcome, Outcome::crashed);
    EXPECT_EQ(verdict.checks[0].first, (Place{4, 1, "", -1}));
    EXPECT_EQ(verdict.checks[0].message, "signal 11");
    EXPECT_TRUE(verdict.tested.empty());
}

TEST_P(Judge, ATraceOfAnotherMatrixIsAnError) {
    Trace other = matrix.candidate({4, 2, 2});
    other.manifest.follows = "xxh3:0000000000000000";
    const Error follows = error_of([&] { judged(other); });
    EXPECT_TRUE(says(follows.what(), "the trace follows xxh3:0000000000000000, the reference is " + yardstick.digest));
    EXPECT_EQ(follows.where(), other.manifest.trial);

    other.manifest.follows.reset();  // a trainer that follows nothing is judged by its gradients
    EXPECT_EQ(judged(other).outcome, Outcome::equivalent);

    other.manifest.recipe = GetParam() == Recipe::fp64 ? Recipe::fp32 : Recipe::fp64;
    EXPECT_TRUE(says(error_of([&] { judged(other); }).what(),
                     "recipe " + to_string(other.manifest.recipe) + ", the reference has " + to_string(GetParam())));

    Trace absent = matrix.candidate({4, 2, 2});
    absent.ranks[0][0].tensors.erase("grad/key");
    EXPECT_TRUE(says(error_of([&] { judged(absent); }).what(), "grad/key"));
}

using Claims = std::vector<Claim>;

TEST_P(Judge, TheClaimsAreThoseThatTheSplitCouldHaveBroken) {
    using enum Claim;
    EXPECT_EQ(judged(matrix.candidate({4, 2, 2})).tested, (Claims{scale, weighting, tail, schedule, state}));
    EXPECT_EQ(judged(matrix.candidate({16, 1, 1})).tested, (Claims{tail, state}));

    const Synthetic equal({.recipe = GetParam(), .samples = 32, .lengths = Lengths::equal});
    EXPECT_EQ(judge(yardstick_of(equal.reference()), equal.candidate({4, 4, 1})).tested,
              (Claims{scale, schedule, state}));

    const Synthetic one({.recipe = GetParam(), .samples = 16, .epochs = 1});
    EXPECT_EQ(judge(yardstick_of(one.reference()), one.candidate({4, 2, 2})).tested, (Claims{scale, weighting}));
}

TEST_P(Judge, OnlyWhatTheContractClaimsIsTested) {
    using enum Claim;
    Yardstick other = yardstick;
    other.contract = Contract{.weighting = Weighting::sample_mean, .keeps_tail = false, .schedule_varies = false};
    Trace trace = matrix.candidate({4, 2, 2});
    trace.manifest.contract = other.contract;
    EXPECT_EQ(judge(other, trace).tested, (Claims{scale, state}));
    other.contract.reset();
    EXPECT_TRUE(judge(other, matrix.candidate({4, 2, 2})).tested.empty());
}

bool tests_tail(const Verdict& verdict) {
    return std::find(verdict.tested.begin(), verdict.tested.end(), Claim::tail) != verdict.tested.end();
}

TEST_P(Judge, BitsAreTestedWhereAWindowIsExact) {
    Yardstick exact = yardstick;
    exact.contract->exact = true;
    const auto tested = [&](const Split& split) {
        Trace trace = matrix.candidate(split);
        trace.manifest.contract = exact.contract;
        const std::vector<Claim> claims = judge(exact, trace).tested;
        return std::count(claims.begin(), claims.end(), Claim::bits) == 1;
    };
    EXPECT_FALSE(tested({4, 2, 2}));
    exact.windows[1].spare_bits = 9;
    EXPECT_TRUE(tested({4, 2, 2}));
    EXPECT_FALSE(tested({16, 1, 1}));
    exact.contract->exact = false;
    EXPECT_FALSE(tested({4, 2, 2}));
}

TEST_P(Judge, AWindowThatWasLeftOutStillTestsItsClaim) {
    EXPECT_TRUE(tests_tail(judged(matrix.candidate({4, 4, 1}, {.trains_on_tail = false}))));

    const Synthetic whole({.recipe = GetParam(), .samples = 48});
    Trace shorter = whole.candidate({4, 4, 1});
    shorter.ranks[0].pop_back();  // a missing window of full size says nothing of tails
    EXPECT_FALSE(tests_tail(judge(yardstick_of(whole.reference()), shorter)));
}

}  // namespace
}  // namespace isobatch
