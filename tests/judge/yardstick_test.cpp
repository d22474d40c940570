#include "judge/yardstick.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "judge/compare.h"
#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/edit.h"
#include "tests/judge/recipes.h"
#include "tests/judge/synthetic.h"

namespace isobatch {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

class YardstickOf : public testing::TestWithParam<Recipe> {
protected:
    const Synthetic matrix{{.recipe = GetParam(), .samples = 75, .epochs = 2}};
};
INSTANTIATE_TEST_SUITE_P(Recipes, YardstickOf, all_recipes(), recipe_name);

TEST_P(YardstickOf, TakesEveryWindowAndTheScalesOfTheJudged) {
    const Yardstick yardstick = yardstick_of(matrix.reference());
    const std::vector<Step>& steps = matrix.reference().ranks[0];
    EXPECT_EQ(yardstick.trial, to_string(matrix.trial({16, 1, 1})));
    EXPECT_EQ(yardstick.digest, content_digest(matrix.reference()));
    EXPECT_EQ(yardstick.recipe, GetParam());
    EXPECT_EQ(yardstick.contract, Contract{});
    EXPECT_TRUE(yardstick.ours);
    ASSERT_EQ(yardstick.windows.size(), 10u);
    for (std::size_t w = 0; w < steps.size(); ++w) {
        const WindowScale& window = yardstick.windows[w];
        EXPECT_EQ(window.step, static_cast<std::int64_t>(w) + 1);
        EXPECT_EQ(window.epoch, w < 5 ? 1 : 2);
        EXPECT_EQ(window.samples, steps[w].micros[0].samples);
        EXPECT_EQ(window.lr, steps[w].lr);
        EXPECT_EQ(window.counters, steps[w].counters);
        EXPECT_EQ(window.loss, steps[w].loss);
        ASSERT_EQ(window.gradients.size(), 3u);
        EXPECT_TRUE(identical(window.gradients[1], steps[w].tensors.at("grad/bias")));
        const bool judged = w < 3 || w == 4 || w == 5 || w == 9;
        EXPECT_EQ(window.tensors.size(), judged ? 3u : 0u) << w;
        EXPECT_EQ(window.loss_truth.has_value(), judged);
        EXPECT_EQ(window.sample_units, judged ? matrix.windows()[w].units : std::vector<double>{});
    }
}

TEST_P(YardstickOf, AToleranceIsTheWorstErrorAndTheSumOfSizes) {
    const Yardstick yardstick = yardstick_of(matrix.reference());
    const Step& step = matrix.reference().ranks[0][1];
    const WindowScale& window = yardstick.windows[1];
    for (const TensorScale& scale : window.tensors) {
        const std::vector<double> terms = as_doubles(step.tensors.at("scale/" + scale.name), "scale");
        EXPECT_EQ(scale.tolerance.error, *std::max_element(terms.begin() + 1, terms.end()));
        EXPECT_EQ(scale.tolerance.unit_roundoff, unit_roundoff(GetParam()));
        EXPECT_EQ(scale.tolerance.factor, 64);
        EXPECT_TRUE(identical(scale.gradient, step.tensors.at("grad/" + scale.name)));
        EXPECT_TRUE(
            identical(scale.truth, step.tensors.at((GetParam() == Recipe::fp64 ? "grad/" : "exact/") + scale.name)));
    }
    EXPECT_EQ(window.tensors[0].name, "weight");
    EXPECT_EQ(window.tensors[0].tolerance.magnitude, step.tensors.at("scale/weight").as<double>()[0]);
    EXPECT_EQ(window.tensors[2].tolerance.magnitude,
              std::ldexp(std::max(window.tensors[0].tolerance.magnitude, window.tensors[1].tolerance.magnitude), -10));
    for (std::size_t i = 0; i < window.samples.size(); ++i) {
        ASSERT_EQ(window.shares[i].size(), 3u);
        EXPECT_TRUE(identical(window.shares[i][1], step.tensors.at("sample/" + std::to_string(i) + "/bias")));
        EXPECT_EQ(window.tensors[1].sample_peaks[i], peak(window.shares[i][1]));
    }
}

TEST_P(YardstickOf, ATermOfTheLossHasItsPartOfEveryParameter) {
    Trace reference = matrix.reference();
    std::map<std::string, Tensor>& tensors = reference.ranks[0][1].tensors;
    tensors["term/penalty/weight"] = tensors.at("sample/0/weight");
    tensors["term/penalty/key"] = tensors.at("sample/2/key");
    tensors["term/auxiliary/of two/bias"] = tensors.at("sample/1/bias");
    const Yardstick yardstick = yardstick_of(reference);
    EXPECT_TRUE(yardstick.windows[0].terms.empty());
    const auto& terms = yardstick.windows[1].terms;
    ASSERT_EQ(terms.size(), 2u);
    const std::vector<Tensor>&penalty = terms.at("penalty"), &auxiliary = terms.at("auxiliary/of two");
    EXPECT_TRUE(identical(penalty[0], tensors.at("sample/0/weight")));
    EXPECT_TRUE(penalty[1].bytes.empty());
    EXPECT_TRUE(identical(penalty[2], tensors.at("sample/2/key")));
    EXPECT_TRUE(auxiliary[0].bytes.empty());
    EXPECT_TRUE(identical(auxiliary[1], tensors.at("sample/1/bias")));
    EXPECT_TRUE(auxiliary[2].bytes.empty());
}

TEST_P(YardstickOf, TheFloorIsWhatTheZeroGradientIsAllowedWhereNoErrorWasSeen) {
    Trace reference = matrix.reference();
    for (Step& step : reference.ranks[0])
        if (step.trusted)
            edit(step, "scale/key", [](std::size_t at, double term) { return at == 0 ? term / 64 : 0.0; });
    const Yardstick yardstick = yardstick_of(reference);
    const WindowScale& window = yardstick.windows[1];
    const double floor = unit_roundoff(GetParam()) * std::ldexp(window.tensors[0].tolerance.magnitude, -10);
    const auto outcome = [&](const Yardstick& measure, double error) {
        Trace candidate = matrix.candidate({16, 1, 1});
        candidate.manifest.trial = "another";
        candidate.manifest.follows = yardstick.digest;
        for (Step& step : candidate.ranks[0]) {
            const auto w = static_cast<std::size_t>(*step.number) - 1;
            if (yardstick.windows[w].tensors.empty()) continue;
            const std::vector<double> truth = as_doubles(yardstick.windows[w].tensors[2].truth, "key");
            edit(step, "grad/key", [&](std::size_t j, double) { return truth[j] + (w == 1 && j == 2 ? error : 0); });
        }
        return result_of(judge(measure, candidate), Check::grad).outcome;
    };
    EXPECT_EQ(outcome(yardstick, 6 * floor), Outcome::equivalent);
    EXPECT_EQ(outcome(yardstick, 10 * floor), Outcome::inconclusive);
    EXPECT_EQ(outcome(yardstick, 66 * floor), Outcome::divergent);

    Yardstick bare = yardstick;  // u·A alone: noise of the neighbours' size would be a fault
    bare.windows[1].tensors[2].tolerance.magnitude = reference.ranks[0][1].tensors.at("scale/key").as<double>()[0];
    EXPECT_EQ(outcome(bare, 6 * floor), Outcome::divergent);
}

TEST_P(YardstickOf, WhereSamplesAreCoupledNoCutIsTrusted) {
    Trace reference = matrix.reference();
    Step& step = reference.ranks[0][1];
    step.tensors["scale/bias"] = doubles_tensor({1, 1e-9, 7, 8, 3e-9, 2e-9});
    step.trusted->loss_errors = {1e-9, 5, 6, 2e-9};
    if (computes_narrow(GetParam())) step.tensors["projection"] = doubles_tensor({1e-9, 5, 6, 4e-9});
    const auto window = [&] { return yardstick_of(reference).windows[1]; };
    step.trusted->coupling = 256;
    EXPECT_EQ(window().tensors[1].tolerance.error, 8);
    EXPECT_EQ(window().loss_tolerance.error, 6);
    step.trusted->coupling = 257;
    EXPECT_EQ(window().tensors[1].tolerance.error, 3e-9);
    EXPECT_EQ(window().loss_tolerance.error, 2e-9);
    if (window().scale) {
        EXPECT_EQ(window().scale->error, 4e-9);
    }
    EXPECT_EQ(yardstick_of(reference).coupling(), 257);
    step.trusted->coupling = infinity;
    EXPECT_TRUE(says(error_of(window).what(), "coupling is not finite"));
    step.trusted->coupling = 0;
    step.trusted->loss_errors = {};
    EXPECT_TRUE(says(error_of(window).what(), "no trusted run has a loss"));
}

TEST_P(YardstickOf, AWindowIsExactWhereThatIsClaimedAndCertified) {
    Trace reference = matrix.reference();
    const auto exact = [&] { return yardstick_of(reference).windows[1].spare_bits >= 0; };
    Step& step = reference.ranks[0][1];
    for (auto& [key, tensor] : step.tensors)
        if (key.starts_with("scale/")) tensor = doubles_tensor({1, 0, 0, 0, 1e-9});  // the fourth rescales
    const double most = exact_bits(GetParam());
    step.trusted->exact_bits = most;
    EXPECT_FALSE(exact());  // nobody claims it
    reference.manifest.contract->exact = true;
    EXPECT_TRUE(exact());
    EXPECT_EQ(yardstick_of(reference).windows[1].spare_bits, 0);
    EXPECT_LT(yardstick_of(reference).windows[0].spare_bits, 0);
    for (const double bits : {most + 0.1, infinity, std::nan("")}) {
        step.trusted->exact_bits = bits;
        EXPECT_FALSE(exact()) << bits;
    }
    step.trusted->exact_bits.reset();
    EXPECT_FALSE(exact());

    step.trusted->exact_bits = 10;
    step.tensors["scale/bias"] = doubles_tensor({1, 0, 1e-9, 0, 0});
    const Error error = error_of(exact);
    EXPECT_TRUE(says(error.what(), "trusted splits differ by 1e-09 in \"bias\", where nothing needs rounding"));
    EXPECT_TRUE(says(error.next(), "oneDNN"));
    step.tensors["scale/bias"] = doubles_tensor({1, 0, 0, 1e-9, 0});
    EXPECT_TRUE(says(error_of(exact).what(), "trusted splits differ"));
    step.tensors["scale/bias"] = doubles_tensor({1, 0, 0, 0, 0, 1e-9});
    EXPECT_TRUE(exact()) << "an average over ranks may round";
}

TEST(SameBits, AreOwedWhereTheAverageOverThePlacesIsExactToo) {
    WindowScale window;
    EXPECT_FALSE(same_bits(window, {.places = 2}));
    window.spare_bits = 6.5;
    for (const int places : {1, 2, 4, 64}) EXPECT_TRUE(same_bits(window, {.places = places})) << places;
    for (const int places : {3, 6, 12, 128}) EXPECT_FALSE(same_bits(window, {.places = places})) << places;
    EXPECT_TRUE(same_bits(window, {.places = 4, .copies = 3}));
}

TEST(FloorMagnitudes, IsAThousandthOfTheLargest) {
    WindowScale window;
    for (const double magnitude : {3.0, 1024.0, 0.0, 0.5, 1.0})
        window.tensors.push_back({.tolerance = {.magnitude = magnitude}});
    floor_magnitudes(window);
    std::vector<double> floored;
    for (const TensorScale& scale : window.tensors) floored.push_back(scale.tolerance.magnitude);
    EXPECT_EQ(floored, (std::vector<double>{3, 1024, 1, 1, 1}));
    WindowScale nothing;
    floor_magnitudes(nothing);
    EXPECT_TRUE(nothing.tensors.empty());
}

/// A reference that is damaged in its second step, and what the Error says.
struct Damaged {
    const char* says;
    void (*make)(Trace& trace, Step& step);
};

TEST_P(YardstickOf, ADamagedReferenceIsAnError) {
    const Damaged damages[] = {
        {"no tensor \"grad/bias\"", [](Trace&, Step& s) { s.tensors.erase("grad/bias"); }},
        {"no tensor \"scale/bias\"", [](Trace&, Step& s) { s.tensors.erase("scale/bias"); }},
        {"no tensor \"sample/15/weight\"", [](Trace&, Step& s) { s.tensors.erase("sample/15/weight"); }},
        {"\"scale/key\" is not a list of at least two fp64 numbers",
         [](Trace&, Step& s) { s.tensors["scale/key"] = doubles_tensor({1}); }},
        {"\"scale/key\" is not a list",
         [](Trace&, Step& s) {
             s.tensors["scale/key"] = tensor_of(Dtype::f32, {2}, {1, 1});
         }},
        {"\"sample/3/weight\" has another size",
         [](Trace&, Step& s) { s.tensors["sample/3/weight"] = doubles_tensor({1}); }},
        {"\"exact/bias\" has another size", [](Trace&, Step& s) { s.tensors["exact/bias"] = doubles_tensor({1}); }},
        {"\"term/penalty/bias\" is of no parameter, or has another size",
         [](Trace&, Step& s) { s.tensors["term/penalty/bias"] = doubles_tensor({1}); }},
        {"\"term/penalty/no\" is of no parameter",
         [](Trace&, Step& s) { s.tensors["term/penalty/no"] = s.tensors.at("grad/bias"); }},
        {"\"term/bias\" is of no parameter",
         [](Trace&, Step& s) { s.tensors["term/bias"] = s.tensors.at("grad/bias"); }},
        {"\"term/penalty/bias\" is not finite",
         [](Trace&, Step& s) {
             s.tensors["term/penalty/bias"] = s.tensors.at("sample/0/bias");
             edit(s, "term/penalty/bias", [](std::size_t, double) { return HUGE_VAL; });
         }},
        {"dtype U8",
         [](Trace&, Step& s) {
             s.tensors["sample/3/bias"] = {Dtype::u8, {7}, std::as_bytes(std::span("sevenly", 7)), nullptr};
         }},
        {"sample_units and the window's samples differ", [](Trace&, Step& s) { s.trusted->sample_units.pop_back(); }},
        {"a reference has one rank", [](Trace& t, Step&) { t.ranks.push_back(t.ranks[0]); }},
        {"a reference has one rank", [](Trace& t, Step&) { t.ranks.clear(); }},
        {"did not end well: signal 9",
         [](Trace& t, Step&) { t.manifest.ended = {.complete = false, .message = "signal 9"}; }},
        {"not finite",
         [](Trace&, Step& s) {
             edit(s, "scale/bias", [](std::size_t at, double v) { return at == 2 ? std::nan("") : v; });
         }},
        {"not finite",
         [](Trace&, Step& s) {
             edit(s, "scale/bias", [](std::size_t at, double v) { return at == 0 ? HUGE_VAL : v; });
         }},
        {"not finite", [](Trace&, Step& s) { edit(s, "sample/2/bias", [](std::size_t, double) { return HUGE_VAL; }); }},
        {"not finite",
         [](Trace&, Step& s) {
             edit(s, s.tensors.contains("exact/bias") ? "exact/bias" : "grad/bias",
                  [](std::size_t, double) { return std::nan(""); });
         }},
        {"not finite", [](Trace&, Step& s) { s.trusted->exact_loss = std::nan(""); }},
        {"not finite", [](Trace&, Step& s) { s.trusted->loss_errors[1] = HUGE_VAL; }},
        {"not finite", [](Trace&, Step& s) { s.trusted->loss_magnitude = std::nan(""); }},
        {"step 2 of the reference is numbered", [](Trace&, Step& s) { s.number.reset(); }},
        {"step 2 of the reference is numbered", [](Trace&, Step& s) { s.number = 7; }},
    };
    for (const Damaged& damage : damages) {
        Trace reference = matrix.reference();
        damage.make(reference, reference.ranks[0][1]);
        const Error error = error_of([&] { yardstick_of(reference); });
        EXPECT_TRUE(says(error.what(), damage.says));
        EXPECT_FALSE(error.next().empty());
        EXPECT_EQ(error.exit_code(), 2);
    }
}

TEST_P(YardstickOf, ACandidateIsNoReference) {
    const Error error = error_of([&] { yardstick_of(matrix.candidate({4, 4, 1})); });
    EXPECT_TRUE(says(error.what(), "it is no reference"));
}

TEST(FloorMagnitudes, OfSmallGradientsIsSmall) {
    WindowScale window;  // far from 1: gradients of a large batch are small
    for (const double magnitude : {1e-6, 0.0, 1e-12, 5e-7})
        window.tensors.push_back({.tolerance = {.magnitude = magnitude}});
    floor_magnitudes(window);
    EXPECT_EQ(window.tensors[0].tolerance.magnitude, 1e-6);
    EXPECT_EQ(window.tensors[1].tolerance.magnitude, 1e-6 * magnitude_floor);
    EXPECT_EQ(window.tensors[2].tolerance.magnitude, 1e-6 * magnitude_floor);
    EXPECT_EQ(window.tensors[3].tolerance.magnitude, 5e-7);
}

}  // namespace
}  // namespace isobatch
