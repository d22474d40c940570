/// The yardstick of a trainer that nobody trusts: shares from a run of one sample a micro, scaled to its own single
/// large batch.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <fmt/format.h>

#include "judge/compare.h"
#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/outside_runs.h"
#include "tests/judge/recipes.h"

namespace isobatch {
namespace {

class Outside : public testing::TestWithParam<Recipe> {
protected:
    Trace recorded(const Split& split, const SyntheticLoop& loop = {}) const {
        return outside_run(matrix, split, loop);
    }
    Trace reference() const { return recorded({16, 1, 1}); }
    Trace columns(const std::function<double(std::size_t)>& scale = [](std::size_t) { return 1.0; }) const {
        return outside_columns(matrix, scale);
    }

    const Synthetic matrix{{.recipe = GetParam(), .seed = 2}};  // its first window holds the silent sample
};
INSTANTIATE_TEST_SUITE_P(Recipes, Outside, all_recipes(), recipe_name);

void expect_the_same_shares(const Yardstick& outside, const Yardstick& trusted, Recipe recipe) {
    const WindowScale &found = outside.windows.at(0), &expected = trusted.windows[0];
    for (std::size_t t = 0; t < 3; ++t) {
        const double scale = expected.tensors[t].tolerance.magnitude;
        for (std::size_t i = 0; i < 16; ++i) {
            Tensor share = found.shares[i][t];
            std::vector<double> values = as_doubles(share, "share");
            for (double& value : values) value *= found.share_factors.at(i);
            share = doubles_tensor(std::move(values));
            EXPECT_LE(compare(share, expected.shares[i][t], 0).largest, 256 * unit_roundoff(recipe) * scale) << i;
            EXPECT_EQ(found.tensors[t].sample_peaks[i], peak(share));
        }
        EXPECT_NEAR(found.tensors[t].tolerance.magnitude / scale, 1, t == 2 ? 0.5 : 1e-5);
        EXPECT_LE(found.tensors[t].tolerance.error,
                  16 * unit_roundoff(recipe) * expected.tensors[0].tolerance.magnitude);
        EXPECT_TRUE(identical(found.tensors[t].truth, expected.tensors[t].gradient));
        EXPECT_TRUE(identical(found.tensors[t].gradient, expected.tensors[t].gradient));
    }
}

TEST_P(Outside, TakesTheFirstWindowAndClaimsOnlyTheWeighting) {
    const Yardstick yardstick = outside_yardstick(reference(), columns());
    EXPECT_FALSE(yardstick.ours);
    EXPECT_EQ(yardstick.trial, to_string(matrix.trial({16, 1, 1})));
    EXPECT_EQ(yardstick.digest, content_digest(reference()));
    EXPECT_EQ(yardstick.recipe, GetParam());
    EXPECT_EQ(yardstick.contract,
              (Contract{.weighting = Weighting::token_mean, .keeps_tail = false, .schedule_varies = false}));
    ASSERT_EQ(yardstick.windows.size(), 1u);
    const WindowScale& window = yardstick.windows[0];
    EXPECT_EQ(window.step, 1);
    EXPECT_EQ(window.epoch, 1);
    EXPECT_EQ(window.samples, reference().ranks[0][0].micros[0].samples);
    EXPECT_EQ(window.sample_units, matrix.windows()[0].units);
    EXPECT_FALSE(window.loss_truth);
    ASSERT_EQ(window.gradients.size(), 3u);
    EXPECT_TRUE(identical(window.gradients[0], reference().ranks[0][0].tensors.at("grad/weight")));
    EXPECT_EQ(window.shares[0][0].shape, (std::vector<std::int64_t>{6, 5}));
}

TEST_P(Outside, ALossThatCountsNoUnitsHasNoWeight) {
    Trace uncounted = columns();
    uncounted.ranks[0][0].micros[1].units = 0;
    EXPECT_TRUE(
        says(outside_yardstick(reference(), uncounted).clauses[0].reason, "no loss was seen that counts tokens"));
}

TEST_P(Outside, TwoSamplesAreEnoughForAWeighting) {
    const auto reason = [](std::int64_t samples) {
        const Synthetic small{{.recipe = GetParam(),
                               .seed = 2,
                               .samples = 2 * samples,
                               .effective = samples}};  // none of the first window is silent
        Trace single = outside_run(small, {1, samples, 1});
        for (std::int64_t i = 0; i < samples; ++i)
            for (const Parameter& parameter : single.manifest.parameters)
                single.ranks[0][0].tensors[fmt::format("micro/{}/{}", i, parameter.name)] =
                    small.reference().ranks[0][0].tensors.at(fmt::format("sample/{}/{}", i, parameter.name));
        return outside_yardstick(outside_run(small, {samples, 1, 1}), single).clauses[0].reason;
    };
    EXPECT_TRUE(says(reason(1), "fewer than two samples"));
    EXPECT_FALSE(says(reason(2), "fewer than two samples")) << reason(2);
}

TEST_P(Outside, AWeightIsReadToTheRoundingOfALossOfSoManyUnits) {
    const Yardstick yardstick = outside_yardstick(reference(), columns());
    const std::string& reason = yardstick.clauses[0].reason;
    const auto at = reason.find("read to ");
    ASSERT_NE(at, std::string::npos) << reason;
    const double read = std::stod(reason.substr(at + 8)), u = unit_roundoff(GetParam());
    EXPECT_GE(1.05 * read, u * (16 + 2 * yardstick.windows[0].units)) << "the best condition is 1; two digits are said";
}

TEST_P(Outside, AWrongScaleOfTheColumnsIsMended) {
    const Yardstick trusted = yardstick_of(matrix.reference());
    expect_the_same_shares(outside_yardstick(reference(), columns()), trusted, GetParam());
    expect_the_same_shares(outside_yardstick(reference(), columns([](std::size_t) { return 16.0; })), trusted,
                           GetParam());
    expect_the_same_shares(outside_yardstick(reference(), columns([](std::size_t) { return -1 / 3.0; })), trusted,
                           GetParam());
    // What transformers 4.45 gives: each sample's mean instead of its share.
    expect_the_same_shares(
        outside_yardstick(reference(), columns([](std::size_t i) { return 1.0 / (1 + static_cast<double>(i)); })),
        trusted, GetParam());
}

TEST_P(Outside, ASampleThatDoesNotReachEveryParameterHasItsWeightToo) {
    Trace sparse = columns();
    edit(sparse.ranks[0][0], "micro/7/key", [](std::size_t, double) { return 0.0; });
    expect_the_same_shares(outside_yardstick(reference(), sparse), yardstick_of(matrix.reference()), GetParam());
}

TEST_P(Outside, TheOrderOfTheMicrosDoesNotMatter) {
    Trace shuffled = columns();
    Step& step = shuffled.ranks[0][0];
    std::swap(step.micros[2].samples, step.micros[9].samples);
    std::swap(step.micros[2].units, step.micros[9].units);
    for (const char* name : {"weight", "bias", "key"})
        std::swap(step.tensors[fmt::format("micro/2/{}", name)], step.tensors[fmt::format("micro/9/{}", name)]);
    const Yardstick yardstick = outside_yardstick(reference(), shuffled);
    expect_the_same_shares(yardstick, yardstick_of(matrix.reference()), GetParam());
    EXPECT_EQ(yardstick.windows[0].sample_units, matrix.windows()[0].units);
}

TEST_P(Outside, CleanSplitsAreEquivalentAndWrongWeightsDivergent) {
    const Yardstick yardstick =
        outside_yardstick(reference(), columns([](std::size_t i) { return 1.0 / (1 + static_cast<double>(i)); }));
    EXPECT_EQ(judge(yardstick, reference()).outcome, Outcome::identical);
    for (const Split& split : {Split{1, 16, 1}, Split{4, 4, 1}, Split{2, 2, 4}}) {
        const Verdict verdict = judge(yardstick, recorded(split));
        EXPECT_EQ(verdict.outcome, Outcome::equivalent) << to_string(split);
        EXPECT_LT(verdict.margin, 4.0 / 64);
        EXPECT_LT(verdict.sensitivity, GetParam() == Recipe::fp64 ? 1e-11 : 1e-2);
        EXPECT_EQ(verdict.tested, (std::vector<Claim>{Claim::scale, Claim::weighting}));
        for (const double sign : {-1.0, 1.0}) {
            const double error = sign * 1.01 * verdict.sensitivity;
            const Trace wrong =
                recorded(split, {.weight = [&](std::size_t, std::size_t i) { return i == 7 ? 1 + error : 1.0; }});
            EXPECT_EQ(judge(yardstick, wrong).outcome, Outcome::divergent) << to_string(split);
        }
    }
}

TEST_P(Outside, AtLevelLossesNoGradientIsJudged) {
    Trace large = recorded({16, 1, 1});
    large.manifest.level = Level::losses;
    large.ranks[0][0].tensors.clear();
    const Yardstick yardstick = outside_yardstick(large, recorded({1, 16, 1}));
    EXPECT_EQ(result_of(judge(yardstick, large), Check::grad).outcome, Outcome::inconclusive);
}

TEST_P(Outside, AStateIsComparedWhereAStepOfAnyRankWasWatched) {
    const Yardstick yardstick = outside_yardstick(reference(), columns());
    Trace split = outside_run(matrix, {4, 2, 2});
    const auto compared = [&] {
        const std::vector<CheckResult> checks = judge(yardstick, split).checks;
        return std::count_if(checks.begin(), checks.end(), [](const auto& one) { return one.check == Check::opt; });
    };
    EXPECT_EQ(compared(), 0);
    split.ranks[1].push_back(split.ranks[1][0]);
    EXPECT_EQ(compared(), 0);
    split.ranks[1][0].watched = Watched{};
    EXPECT_EQ(compared(), 1);
}

/// One thing wrong with the two recorded runs, and what the Error says.
struct Bad {
    const char* says;
    std::function<void(Trace& reference, Trace& columns)> make;
};

Step& first(Trace& trace) {
    return trace.ranks[0][0];
}

const Bad bad_inputs[] = {
    {"the first windows of the two runs hold other samples",
     [](Trace&, Trace& c) { first(c).micros[3].samples[0] = "stranger"; }},
    {"the first windows of the two runs hold other samples",
     [](Trace& r, Trace&) { first(r).micros[0].samples.pop_back(); }},
    {"the first windows of the two runs hold other samples", [](Trace&, Trace& c) { first(c).micros.pop_back(); }},
    {"micro-batch 4 of the run with one sample each holds 2 samples",
     [](Trace&, Trace& c) { first(c).micros[3].samples.push_back("x"); }},
    {"micro-batch 4 of the run with one sample each holds 0 samples",
     [](Trace&, Trace& c) { first(c).micros[3].samples.clear(); }},
    {"one sample is in two micros", [](Trace&, Trace& c) { first(c).micros[3].samples = first(c).micros[4].samples; }},
    {"no tensor \"micro/3/bias\"", [](Trace&, Trace& c) { first(c).tensors.erase("micro/3/bias"); }},
    {"no tensor \"grad/bias\"", [](Trace& r, Trace&) { first(r).tensors.erase("grad/bias"); }},
    {"a parameter has another size",
     [](Trace&, Trace& c) {
         first(c).tensors["micro/3/bias"] = doubles_tensor({1, 2});
     }},
    {"a gradient is not finite",
     [](Trace&, Trace& c) {
         edit(first(c), "micro/5/weight", [](std::size_t j, double v) { return j == 4 ? std::nan("") : v; });
     }},
    {"a gradient is not finite",
     [](Trace&, Trace& c) { edit(first(c), "micro/5/key", [](std::size_t, double) { return -HUGE_VAL; }); }},
    {"a gradient is not finite",
     [](Trace& r, Trace&) {
         edit(first(r), "grad/key", [](std::size_t j, double v) { return j == 3 ? std::nan("") : v; });
     }},
    {"a gradient is not finite",
     [](Trace& r, Trace&) {
         edit(first(r), "grad/weight", [](std::size_t j, double v) { return j == 0 ? HUGE_VAL : v; });
     }},
    {"no optimizer step", [](Trace& r, Trace&) { r.ranks[0].clear(); }},
    {"no optimizer step", [](Trace&, Trace& c) { c.ranks[0].clear(); }},
    {"no optimizer step",  // whatever follows it
     [](Trace& r, Trace&) {
         r.ranks[0].push_back(first(r));
         first(r).number.reset();
     }},
    {"single rank", [](Trace& r, Trace&) { r.ranks.push_back(r.ranks[0]); }},
    {"single rank", [](Trace&, Trace& c) { c.ranks.push_back(c.ranks[0]); }},
    {"single rank", [](Trace&, Trace& c) { c.ranks.clear(); }},
    {"other parameters", [](Trace&, Trace& c) { c.manifest.parameters.pop_back(); }},
};

TEST_P(Outside, EveryBadInputIsAnErrorThatSaysWhatToDo) {
    for (const Bad& bad : bad_inputs) {
        Trace large = reference(), single = columns();
        bad.make(large, single);
        const Error error = error_of([&] { outside_yardstick(large, single); });
        EXPECT_TRUE(says(error.what(), bad.says));
        EXPECT_FALSE(error.next().empty()) << bad.says;
        EXPECT_FALSE(error.where().empty()) << bad.says;
        EXPECT_EQ(error.exit_code(), 2);
    }
}

TEST_P(Outside, WhereAForwardDrawsNothingIsComparedThatDoesNotAddUp) {
    Trace large = reference(), single = columns();
    for (Trace* trace : {&large, &single}) trace->ranks[0][0].watched = Watched{.drew = true};
    EXPECT_EQ(outside_yardstick(large, single).unread, "");  // it has no effect
    add_term(large, "grad/", 100);
    for (Trace* drew : {&large, &single}) {
        Trace r = large, s = single;
        (drew == &large ? r : s).ranks[0][0].watched->drew = false;
        const Yardstick yardstick = outside_yardstick(r, s);
        const CheckResult grad = result_of(judge(yardstick, recorded({4, 4, 1})), Check::grad);
        EXPECT_EQ(grad.outcome, Outcome::inconclusive);
        EXPECT_TRUE(says(grad.message, "set dropout and the like to 0"));
    }
}

TEST_P(Outside, ASilentSampleKeepsItsZeroShare) {
    const Yardstick yardstick = outside_yardstick(reference(), columns());
    int silent = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        if (matrix.windows()[0].units[i] > 0) continue;
        ++silent;
        for (const Tensor& share : yardstick.windows[0].shares[i]) EXPECT_EQ(peak(share), 0);
    }
    EXPECT_EQ(silent, 1);
}

}  // namespace
}  // namespace isobatch
