#include <cmath>
#include <limits>

#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/recipes.h"
#include "tests/judge/synthetic.h"
#include "tests/judge/twins_of.h"

namespace isobatch {
namespace {

class CheckIdentity : public testing::TestWithParam<Recipe> {
protected:
    Verdict judged(const Trace& trace) const { return judge(yardstick, trace); }
    CheckResult checked(const Trace& trace) const { return result_of(judged(trace), Check::identity); }
    static const IdentityStatus& status_of(const Verdict& verdict, Identity identity) {
        return *std::find_if(verdict.identities.begin(), verdict.identities.end(),
                             [&](const IdentityStatus& status) { return status.identity == identity; });
    }

    const Synthetic matrix{{.recipe = GetParam()}};
    const Yardstick yardstick = yardstick_of(matrix.reference());
};
INSTANTIATE_TEST_SUITE_P(Recipes, CheckIdentity, all_recipes(), recipe_name);

TEST_P(CheckIdentity, WhoIsNotAskedIsNotJudged) {
    const Verdict verdict = judged(matrix.candidate({4, 2, 2}));
    EXPECT_TRUE(verdict.identities.empty());
    EXPECT_THROW(result_of(verdict, Check::identity), Error);
    EXPECT_EQ(std::count(verdict.tested.begin(), verdict.tested.end(), Claim::identities), 0);
}

TEST_P(CheckIdentity, TheSameBitsAreTheOnlyRightOnes) {
    Trace trace = with_twins(matrix.candidate({4, 2, 2}), "all", matrix.reference());
    const Verdict good = judged(trace);
    EXPECT_EQ(result_of(good, Check::identity), (CheckResult{.check = Check::identity}));
    EXPECT_EQ(std::count(good.tested.begin(), good.tested.end(), Claim::identities), 1);

    edit(trace.ranks[1][2], "twin/swap-micros/weight", [&](std::size_t j, double value) {
        const bool narrow = GetParam() == Recipe::fp32;
        const double next = narrow ? std::nextafter(static_cast<float>(value), 9.f) : std::nextafter(value, 9);
        return j == 7 ? next : value;
    });
    const Verdict red = judged(trace);
    const CheckResult result = result_of(red, Check::identity);
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.first, (Place{3, 1, "weight", 7}));
    for (const char* part : {"swap-micros does not hold", "step 3, rank 1", "weight[7] is ", "1 of the 30 elements"})
        EXPECT_TRUE(says(result.message, part));
    EXPECT_FALSE(says(result.message, "of the identities do not hold")) << "it is the only one";
    EXPECT_EQ(status_of(red, Identity::swap_micros).broken, 1);
    EXPECT_EQ(status_of(red, Identity::null_micro).broken, 0);
    EXPECT_EQ(result_of(red, Check::grad).outcome, result_of(good, Check::grad).outcome);
}

TEST_P(CheckIdentity, WhatCancelsMustBeZero) {
    Trace trace = with_twins(matrix.candidate({4, 2, 2}), "all", matrix.reference());
    const auto with = [&](double value) {
        edit(trace.ranks[0][1], "twin/cancel-devices/bias",
             [&](std::size_t j, double v) { return j == 2 ? value : v; });
        return checked(trace).outcome;
    };
    EXPECT_EQ(with(-0.0), Outcome::identical);
    EXPECT_EQ(with(GetParam() == Recipe::fp64 ? 5e-324 : 1e-45), Outcome::divergent);
    EXPECT_EQ(with(std::numeric_limits<double>::quiet_NaN()), Outcome::divergent);
}

TEST_P(CheckIdentity, AllThatAreBrokenAreNamedAndTheFirstIsShown) {
    Trace trace = with_twins(matrix.candidate({4, 2, 2}), "all", matrix.reference());
    const auto twice = [](std::size_t, double value) { return 2 * value; };
    edit(trace.ranks[0][2], "twin/null-micro/bias", twice);
    edit(trace.ranks[1][2], "twin/null-micro/bias", twice);
    edit(trace.ranks[1][0], "twin/scale/bias", twice);
    const Verdict red = judged(trace);
    EXPECT_TRUE(says(result_of(red, Check::identity).message,
                     "2 of the identities do not hold: scale, null-micro. scale does not"));
    EXPECT_EQ(status_of(red, Identity::null_micro).broken, 1) << "windows are counted, not ranks";
    EXPECT_EQ(status_of(red, Identity::null_micro).windows, 5);
}

TEST_P(CheckIdentity, OneThatFitsNoWindowSaysWhy) {
    const Verdict verdict =
        judged(with_twins(matrix.candidate({2, 8, 1}), "swap-micros,null-micro", matrix.reference()));
    EXPECT_EQ(status_of(verdict, Identity::null_micro).unfit, "");
    EXPECT_TRUE(says(status_of(verdict, Identity::swap_micros).unfit, "more than two micro-batches"));
    EXPECT_EQ(status_of(verdict, Identity::swap_micros).windows, 0);

    const Verdict none = judged(with_twins(matrix.candidate({2, 8, 1}), "swap-micros", matrix.reference()));
    EXPECT_THROW(result_of(none, Check::identity), Error);
    EXPECT_EQ(std::count(none.tested.begin(), none.tested.end(), Claim::identities), 0);
}

/// Nor is it run again.
TEST_P(CheckIdentity, TheWindowThatAStaticGraphIsLearntInHasNoTwin) {
    Trace trace = with_twins(matrix.candidate({4, 2, 2}), "null-micro", matrix.reference());
    for (std::vector<Step>& steps : trace.ranks)
        std::erase_if(steps[0].tensors, [](const auto& one) { return one.first.starts_with("twin/"); });
    EXPECT_EQ(checked(trace).outcome, Outcome::inconclusive);
    trace.manifest.engine = "gloo:static";
    EXPECT_EQ(checked(trace), (CheckResult{.check = Check::identity}));
    EXPECT_EQ(status_of(judged(trace), Identity::null_micro).windows, 4);
}

/// Of a run of 20 samples in windows of 16, the second device has none of the last four.
TEST_P(CheckIdentity, ADeviceWithoutAStepHasNoMicro) {
    const Synthetic uneven{{.recipe = GetParam(), .samples = 20, .epochs = 1}};
    Trace trace = with_twins(uneven.candidate({8, 1, 2}), "all", uneven.reference());
    const Yardstick measure = yardstick_of(uneven.reference());
    const auto windows = [&] { return status_of(judge(measure, trace), Identity::one_device).windows; };
    EXPECT_EQ(windows(), 1);
    trace.ranks[1].back().number.reset();  // which nobody looks at any more
    trace.ranks[1].pop_back();
    EXPECT_EQ(windows(), 1);
}

TEST_P(CheckIdentity, WhereTheSameWindowDiffersNothingIsSaid) {
    Trace trace = with_twins(matrix.candidate({4, 2, 2}), "all", matrix.reference());
    edit(trace.ranks[0][0], "twin/null-micro/weight", [](std::size_t, double value) { return 2 * value; });
    edit(trace.ranks[1][4 - 1], "twin/again/key",
         [](std::size_t j, double value) { return j == 0 ? value + 1 : value; });
    const CheckResult result = checked(trace);
    EXPECT_EQ(result.outcome, Outcome::inconclusive);
    EXPECT_EQ(result.first, (Place{4, 1, "key", -1}));
    EXPECT_TRUE(says(result.message, "not deterministic"));
}

TEST_P(CheckIdentity, WhatWasNotRecordedIsNoPass) {
    for (const char* key : {"twin/again/bias", "twin/scale/bias"}) {
        Trace trace = with_twins(matrix.candidate({4, 2, 2}), "all", matrix.reference());
        trace.ranks[1][1].tensors.erase(key);
        EXPECT_EQ(checked(trace).outcome, Outcome::inconclusive);
        EXPECT_TRUE(says(checked(trace).message, key));
        EXPECT_EQ(checked(trace).first, (Place{2, 1, "bias", -1}));
        edit(trace.ranks[0][2], "twin/swap-devices/bias", [](std::size_t, double value) { return -value; });
        EXPECT_EQ(checked(trace).outcome, Outcome::divergent) << "the worse answer stays";
    }
}

TEST_P(CheckIdentity, TheReferencesOwnTrialIsStillTheDeterminismProbe) {
    Trace trace = with_twins(matrix.candidate({16, 1, 1}), "scale", matrix.reference());
    EXPECT_EQ(judged(trace).outcome, Outcome::identical);
    edit(trace.ranks[0][0], "grad/bias", [](std::size_t j, double value) {
        return j == 0 ? static_cast<double>(std::nextafter(static_cast<float>(value), 9.f)) : value;
    });
    edit(trace.ranks[0][0], "twin/again/bias", [](std::size_t j, double value) {
        return j == 0 ? static_cast<double>(std::nextafter(static_cast<float>(value), 9.f)) : value;
    });
    if (GetParam() == Recipe::fp32) {
        EXPECT_TRUE(says(result_of(judged(trace), Check::grad).message, "not deterministic"));
    }
    EXPECT_EQ(without_identities("gpt --splits 4x1x1 --seed 3 --identities scale --fault x"),
              to_string(parse_trial("gpt --splits 4x1x1 --seed 3 --fault x")));
    EXPECT_EQ(without_identities("no trial at all"), "no trial at all");
}

TEST_P(CheckIdentity, ATwinOfAnotherKindIsRed) {
    Trace trace = with_twins(matrix.candidate({4, 2, 2}), "all", matrix.reference());
    trace.ranks[0][1].tensors["twin/scale/bias"] = trace.ranks[0][1].tensors["grad/key"];
    EXPECT_TRUE(says(checked(trace).message, "another dtype or shape"));
    EXPECT_EQ(checked(trace).outcome, Outcome::divergent);
}

}  // namespace
}  // namespace isobatch
