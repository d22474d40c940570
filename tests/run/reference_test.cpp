#include "run/reference.h"

#include <set>

#include <gtest/gtest.h>

#include "judge/compare.h"
#include "judge/yardstick.h"
#include "run/matrix.h"
#include "run/replica.h"
#include "run/tensors.h"
#include "small_trial.h"

namespace isobatch {

namespace {

/// Largest |sum of the shares - gradient| over a window, relative to the largest entry of the gradient.
double sum_error(const WindowScale& window) {
    double worst = 0, largest = 0;
    for (std::size_t t = 0; t < window.tensors.size(); ++t) {
        std::vector<double> sum(window.tensors[t].gradient.count(), 0);
        for (const std::vector<Tensor>& share : window.shares) {
            const std::vector<double> values = as_doubles(share[t], "share");
            for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += values[j];
        }
        const std::vector<double> gradient = as_doubles(window.tensors[t].gradient, "gradient");
        for (std::size_t j = 0; j < sum.size(); ++j) {
            worst = std::max(worst, std::abs(sum[j] - gradient[j]));
            largest = std::max(largest, std::abs(gradient[j]));
        }
    }
    return worst / largest;
}

}  // namespace

TEST(Reference, SharesAddUpToTheGradient) {
    for (const Recipe recipe : {Recipe::fp64, Recipe::fp32})
        for (const char* subject : {"lesson", "mlp", "gpt"}) {
            Trial trial = small_trial({4, 1, 1}, recipe);
            trial.subject = subject;
            const Yardstick yardstick = yardstick_of(make_reference(trial));
            for (const WindowScale& window : yardstick.windows)
                if (!window.tensors.empty()) {
                    EXPECT_LT(sum_error(window), 32 * unit_roundoff(recipe)) << subject << " " << to_string(recipe);
                }
        }
}

TEST(Reference, HasTheGradientOfEachUnitWhereItIsAskedForAndCanBeTold) {
    Trial trial = small_trial({4, 1, 1});
    const Trace plain = make_reference(trial), finer = make_reference(trial, Columns::units);
    EXPECT_EQ(content_digest(finer), content_digest(plain)) << "what followed the one has followed the other";
    for (const WindowScale& window : yardstick_of(plain).windows) EXPECT_TRUE(window.unit_shares.empty());
    int judged = 0;
    for (const WindowScale& window : yardstick_of(finer).windows) {
        if (window.tensors.empty()) continue;
        ++judged;
        ASSERT_EQ(window.unit_shares.size(), window.samples.size());
        for (std::size_t i = 0; i < window.samples.size(); ++i) {
            if (window.sample_units[i] == 0) {
                EXPECT_TRUE(window.unit_shares[i].empty());
                continue;
            }
            for (std::size_t t = 0; t < window.tensors.size(); ++t) {
                const std::vector<double> units = as_doubles(window.unit_shares[i][t], "units"),
                                          share = as_doubles(window.shares[i][t], "share");
                for (std::size_t j = 0; j < share.size(); ++j) {
                    double sum = 0;
                    for (std::size_t k = j; k < units.size(); k += share.size()) sum += units[k];
                    EXPECT_NEAR(sum, share[j], 1e-15);
                }
            }
        }
    }
    EXPECT_GT(judged, 0);
    trial.subject = "lesson";  // whose samples are its units
    for (const WindowScale& window : yardstick_of(make_reference(trial, Columns::units)).windows)
        EXPECT_TRUE(window.unit_shares.empty());
    trial = small_trial({128, 1, 1});  // with more than 256 units
    trial.samples = 128;
    for (const WindowScale& window : yardstick_of(make_reference(trial, Columns::units)).windows)
        EXPECT_TRUE(window.unit_shares.empty());
}

/// Prints what coupling_limit is argued from.
TEST(Reference, TrustedCutsAddUpWhereSamplesAreNotCoupled) {
    double worst = 0;
    for (const Recipe recipe : {Recipe::fp64, Recipe::fp32, Recipe::bf16, Recipe::fp16_autocast})
        for (const char* subject : {"lesson", "mlp", "gpt"})
            for (std::uint64_t seed = 1; seed <= 3; ++seed) {
                Trial trial = small_trial({8, 1, 1}, recipe);
                trial.subject = subject;
                trial.seed = seed;
                worst = std::max(worst, yardstick_of(make_reference(trial)).coupling());
            }
    std::printf("largest coupling of a model that couples nothing: %.3g u·A\n", worst);
    EXPECT_LT(worst, coupling_limit / 8);
    EXPECT_GT(worst, 0);
}

TEST(Reference, TheTruthIsTakenAtTheWeightsThatTheModelComputesWith) {
    for (const Recipe recipe : {Recipe::bf16, Recipe::bf16_autocast, Recipe::fp16_autocast})
        for (const char* subject : {"lesson", "mlp", "gpt"}) {
            Trial trial = small_trial({4, 1, 1}, recipe);
            trial.subject = subject;
            const Yardstick yardstick = yardstick_of(make_reference(trial));
            for (const WindowScale& window : yardstick.windows)
                if (!window.tensors.empty()) {
                    EXPECT_LT(sum_error(window), 0x1p-5) << subject << " " << to_string(recipe);
                    ASSERT_TRUE(window.scale);
                    EXPECT_LT(window.scale->error, 0x1p-6) << subject << " " << to_string(recipe);
                    for (const TensorScale& scale : window.tensors) {
                        EXPECT_EQ(scale.gradient.dtype, Dtype::f32);
                        EXPECT_EQ(scale.truth.dtype, Dtype::f64);
                        EXPECT_GT(scale.tolerance.error, 0);
                    }
                }
        }
}

TEST(Reference, IsNeverFaultedAndRunsTheSingleLargeBatch) {
    Trial faulty = small_trial({1, 2, 2});
    faulty.fault = "zero-grad-in-window";
    const Trace trace = make_reference(faulty);
    EXPECT_EQ(trace.manifest.split, (Split{4, 1, 1}));
    EXPECT_EQ(content_digest(trace), content_digest(make_reference(small_trial({4, 1, 1}))));
}

TEST(Reference, ScalesHoldMagnitudeAndTheErrorOfEachTrustedRun) {
    const Trace trace = make_reference(small_trial({4, 1, 1}, Recipe::fp32));
    const Tensor& terms = trace.ranks[0][0].tensors.at("scale/layer0_weight");
    ASSERT_EQ(terms.count(), 5U);
    EXPECT_GE(terms.as<double>()[0], peak(trace.ranks[0][0].tensors.at("grad/layer0_weight")));
    for (std::size_t k = 1; k < 5; ++k) EXPECT_GT(terms.as<double>()[k], 0) << "fp32 is not exact";
    const Trace narrow = make_reference(small_trial({4, 1, 1}, Recipe::bf16_autocast));
    const auto rescaled = narrow.ranks[0][0].tensors.at("scale/layer0_weight").as<double>().subspan(4);
    EXPECT_EQ(std::set<double>(rescaled.begin(), rescaled.end()).size(), 3U) << "each scale rounds in its own way";
}

/// Of one sample three of four trusted runs are the same one, and what is left may round a small tensor to nothing:
/// both windows were suspect, on 7 and on 11 ranks.
TEST(Reference, OfFewSamplesSeveralScalesAreTrusted) {
    for (const auto& [samples, scales] : {std::pair{1, 3U}, {3, 3U}, {4, 1U}}) {
        const Trace trace = make_reference(small_trial({samples, 1, 1}));
        EXPECT_EQ(trace.ranks[0][0].tensors.at("scale/layer0_weight").count(), 1 + 3 + scales) << samples;
    }
    const Trial one{
        .subject = "gpt", .split = {1, 1, 7}, .recipe = Recipe::fp64, .seed = 461562156, .samples = 1, .epochs = 1};
    Trial tail = one;
    tail.subject = "mixture", tail.split = {1, 1, 11}, tail.seed = 470848046, tail.samples = 12;
    tail.epochs = 2, tail.optimizer = "nesterov";
    for (const Trial& trial : {one, tail})
        EXPECT_LE(Matrix(nullptr, {}).run(trial).verdict.outcome, Outcome::equivalent) << to_string(trial);
}

TEST(Reference, ExactGradientIsWithinRoundingOfTheFp64Run) {
    const Trace narrow = make_reference(small_trial({4, 1, 1}, Recipe::fp32)),
                wide = make_reference(small_trial({4, 1, 1}));
    const Tensor& exact = narrow.ranks[0][0].tensors.at("exact/layer0_weight");
    EXPECT_EQ(exact.dtype, Dtype::f64);
    // The fp32 model holds rounded weights, so the two gradients agree to fp32 roundoff, while the fp32 gradient is no
    // closer.
    EXPECT_LT(compare(exact, wide.ranks[0][0].tensors.at("grad/layer0_weight"), 0).largest, 1e-6);
    EXPECT_FALSE(wide.ranks[0][0].tensors.contains("exact/layer0_weight"));
}

/// A regulariser's gradient is known: of each matrix, its entries times the penalty, once a window.
TEST(Reference, KnowsWhatOfTheGradientComesFromEachTermOfTheLoss) {
    for (const Recipe recipe : {Recipe::fp64, Recipe::bf16_autocast}) {
        Trial trial = small_trial({4, 1, 1}, recipe);
        trial.subject = "tasks";
        const Yardstick yardstick = yardstick_of(make_reference(trial));
        const Replica first = make_replica(find_case("tasks"), trial, 0, 1);
        const WindowScale& window = yardstick.windows[0];
        ASSERT_EQ(window.terms.size(), 2u);
        const std::vector<Tensor>& penalty = window.terms.at("regulariser");
        for (std::size_t p = 0; p < first.parameters.size(); ++p) {
            if (first.parameters[p].dim() < 2) {
                EXPECT_TRUE(penalty[p].bytes.empty() || peak(penalty[p]) == 0) << first.names[p];
                continue;
            }
            const at::Tensor weights = first.parameters[p].detach().to(at::kDouble).mul(0.01);
            EXPECT_LT(compare(penalty[p], view_of(weights), 0).largest, recipe == Recipe::fp64 ? 1e-15 : 1e-4);
        }
        EXPECT_GT(peak(window.terms.at("second-task")[0]), 0);
    }
}

TEST(Reference, TrustedSplitsDoNotDisturbTheRun) {
    const Trace reference = make_reference(small_trial({4, 1, 1}));
    const Trace plain = run_trial(make_setup(small_trial({4, 1, 1})), Level::full, nullptr, std::nullopt);
    for (std::size_t k = 0; k < plain.ranks[0].size(); ++k)
        for (const auto& [key, tensor] : plain.ranks[0][k].tensors)
            EXPECT_TRUE(identical(tensor, reference.ranks[0][k].tensors.at(key))) << key;
}

}  // namespace isobatch
