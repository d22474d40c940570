#include "diagnose/clipping.h"

#include <cmath>

#include "tests/base/expect.h"
#include "tests/judge/edit.h"

namespace isobatch {
namespace {

/// One window of three samples: two micros of a device and one of another. Its gradient has a large and a small
/// parameter, of norms 4 and 3.
struct Made {
    Yardstick yardstick;
    Evidence evidence;
    Trace trace;

    explicit Made(double threshold) {
        const auto tensor = [](const std::vector<double>& values) {
            return tensor_of(Dtype::f64, {std::ssize(values)}, values);
        };
        WindowScale window;
        window.step = 1;
        Step step;
        step.number = 1;
        for (const auto& [name, gradient] : {std::pair{"large", std::vector<double>{4, 0}}, {"small", {0, 3}}}) {
            window.tensors.push_back({name, tensor(gradient), tensor(gradient), {}, 0, {}});
            step.tensors[std::string("grad/") + name] = tensor(gradient);
        }
        // The first sample's share is (3, 0), the second's (0, 3), the third's (1, 0).
        window.shares = {
            {tensor({3, 0}), tensor({0, 0})}, {tensor({0, 0}), tensor({0, 3})}, {tensor({1, 0}), tensor({0, 0})}};
        yardstick.windows = {window};
        WindowEvidence seen;
        seen.step = seen.window = 1;
        seen.micro_of = {0, 1, 2};
        seen.layout.micros = {{0, 0, 1, 1}, {0, 1, 1, 1}, {1, 0, 1, 1}};
        seen.layout.mesh.places = 2;
        evidence.windows = {seen};
        step.clip_threshold = threshold;
        trace.manifest.ranks = 2;
        trace.ranks = {{step}, {step}};
        says(5, std::min(1.0, threshold / (5 + 1e-6)));
    }

    /// What rank 0 recorded.
    void says(double norm, double factor) {
        trace.ranks[0][0].grad_norm = norm;
        trace.ranks[0][0].clip_factor = factor;
    }
    const WindowEvidence& seen() {
        add_clipping(evidence, yardstick, trace);
        return evidence.windows[0];
    }
    std::vector<Clipping> reading(double norm, double factor) {
        says(norm, factor);
        return seen().clipping;
    }
};

using Readings = std::vector<Clipping>;

/// That clips this norm at 2.
double factor(double norm) {
    return 2 / (norm + 1e-6);
}

TEST(Clipping, IsReadFromTheNormAndTheFactor) {
    EXPECT_EQ(Made(2).seen().clipping, Readings{Clipping::right});
    EXPECT_EQ(Made(9).seen().clipping, Readings{Clipping::right}) << "a factor of 1 that is owed";
    EXPECT_EQ(Made(2).reading(5, 1), Readings{Clipping::left_out});
    EXPECT_EQ(Made(2).reading(5 * std::sqrt(2), factor(5 * std::sqrt(2))), Readings{Clipping::replicas_counted});
    EXPECT_EQ(Made(2).reading(5 * 65536.0, factor(5 * 65536.0)), Readings{Clipping::scaled});
    EXPECT_EQ(Made(2).reading(5.001, factor(5)), Readings{Clipping::told_another});
    EXPECT_EQ(Made(9).reading(4, 1), (Readings{Clipping::told_another, Clipping::all_but_one, Clipping::one_alone}));
    EXPECT_EQ(Made(2).reading(5.001, factor(5.001)), Readings{}) << "nothing that is known";
    EXPECT_EQ(Made(2).reading(5, 0.3), Readings{}) << "a factor that does not follow";
    EXPECT_EQ(Made(2).reading(4, 1), Readings{}) << "another norm, and not clipped";
    EXPECT_EQ(Made(9).reading(5, 1.8), Readings{}) << "a factor above 1";
    // Of two parameters all but one are the other one.
    EXPECT_EQ(Made(2).reading(4, factor(4)), (Readings{Clipping::all_but_one, Clipping::one_alone}));
    EXPECT_EQ(Made(2).reading(3, factor(3)), (Readings{Clipping::all_but_one, Clipping::one_alone}));
}

TEST(Clipping, TheNormIsTheGradientsWhateverIsTold) {
    Made made(2);
    made.yardstick.windows[0].clip_threshold = 2;
    EXPECT_EQ(made.reading(0, factor(5)), Readings{Clipping::told_another});
    EXPECT_EQ(made.evidence.windows[0].layout.norm, 2.5);
}

TEST(Clipping, OneRankCountsNoReplicas) {
    Made made(2);
    made.evidence.windows[0].layout.mesh.places = 1;
    EXPECT_EQ(made.reading(5 * std::sqrt(2), factor(5 * std::sqrt(2))), Readings{});
}

TEST(Clipping, ATrainerThatRecordsNoClipLeavesOutWhatTheReferenceDoes) {
    for (const double threshold : {2.0, 9.0}) {
        Made made(threshold);
        made.yardstick.windows[0].clip_threshold = threshold;
        for (Step& step : made.trace.ranks[0]) step.grad_norm = step.clip_threshold = step.clip_factor = std::nullopt;
        EXPECT_EQ(made.seen().clipping, Readings{threshold < 5 ? Clipping::left_out : Clipping::right});
        EXPECT_NEAR(made.seen().layout.norm, 5 / threshold, 1e-12);
    }
}

TEST(Clipping, ARankWithFewerStepsIsNoCrash) {
    Made made(2);
    made.trace.ranks[0].clear();
    EXPECT_EQ(made.seen().clipping, Readings{Clipping::right});
}

TEST(Clipping, AStepWithoutANormIsLeftAlone) {
    Made made(2);
    made.trace.ranks[0][0].grad_norm.reset();
    EXPECT_EQ(made.seen().clipping, Readings{Clipping::right});
    EXPECT_TRUE(made.seen().clipped_each_micro.empty());
}

TEST(Clipping, ClippingEachMicroShrinksTheEarlierOnes) {
    // On the first device the sum is twice the shares, as two devices average: (6, 0) after its first micro.
    const WindowEvidence window = Made(3).seen();
    ASSERT_EQ(window.clipped_each_micro.size(), 3u);
    EXPECT_NEAR(window.clipped_each_micro[0], 0.5, 1e-6);
    EXPECT_EQ(window.clipped_each_micro[1], 1);
    EXPECT_EQ(window.clipped_each_micro[2], 1) << "the last micro of its device is clipped by the step";
}

TEST(Clipping, ClippingEachRankShrinksTheLargeOnes) {
    // (6, 6) on the first device, (2, 0) on the second.
    const WindowEvidence window = Made(3).seen();
    ASSERT_EQ(window.clipped_each_rank.size(), 3u);
    EXPECT_NEAR(window.clipped_each_rank[0], 3 / std::sqrt(72), 1e-6);
    EXPECT_EQ(window.clipped_each_rank[1], window.clipped_each_rank[0]);
    EXPECT_EQ(window.clipped_each_rank[2], 1);
    Made alone(3);
    alone.evidence.windows[0].layout.mesh.places = 1;
    EXPECT_EQ(alone.seen().clipped_each_rank[0], 1) << "there is no exchange";
}

TEST(Clipping, EveryReadingHasItsNameAndMeaning) {
    std::vector<std::string> texts;
    for (const Clipping one :
         {Clipping::right, Clipping::left_out, Clipping::replicas_counted, Clipping::all_but_one, Clipping::one_alone})
        for (const std::string& text : {to_string(one), meaning(one)}) {
            EXPECT_EQ(std::count(texts.begin(), texts.end(), text), 0) << text;
            texts.push_back(text);
        }
}

}  // namespace
}  // namespace isobatch
