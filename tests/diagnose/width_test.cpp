#include "diagnose/width.h"

#include <cmath>

#include "tests/base/expect.h"
#include "tests/judge/edit.h"

namespace isobatch {
namespace {

constexpr std::int64_t exponents = 12;

/// Four samples: 0 and 1 in one micro, 2 in another of their device, 3 on another device. Tensor i has what sample 0
/// and sample i + 1 give: 2^j and 1.
struct Made {
    Yardstick yardstick;
    Evidence evidence;
    Trace trace;

    Made() {
        WindowScale window;
        window.step = 1;
        window.spare_bits = 5;
        window.shares.resize(4);
        Step step;
        step.number = 1;
        const std::vector<double> nothing(exponents, 0), one(exponents, 1);
        std::vector<double> large, sum;
        for (int j = 0; j < exponents; ++j) large.push_back(std::ldexp(1., j));
        for (const double value : large) sum.push_back(value + 1);
        for (std::size_t other = 1; other < 4; ++other) {
            const std::string name = std::to_string(other);
            const auto tensor = [](const std::vector<double>& values) {
                return tensor_of(Dtype::f32, {exponents}, values);
            };
            window.tensors.push_back({name, tensor(sum), tensor(sum), {}, 0, {}});
            for (std::size_t sample = 0; sample < 4; ++sample)
                window.shares[sample].push_back(tensor(sample == 0 ? large : sample == other ? one : nothing));
            step.tensors["grad/" + name] = tensor(sum);
        }
        yardstick.windows = {window};
        WindowEvidence seen;
        seen.step = seen.window = 1;
        seen.micro_of = {0, 0, 1, 2};
        seen.layout.micros = {{0, 0, 2, 2}, {0, 1, 1, 1}, {1, 0, 1, 1}};
        evidence.windows = {seen};
        trace.manifest.ranks = 2;
        trace.ranks = {{step}, {step}};
    }

    /// What a sum of so many bits leaves of a tensor on a rank.
    void narrow(const std::string& name, int bits, std::size_t rank) {
        edit(trace.ranks[rank][0], "grad/" + name,
             [&](std::size_t j, double value) { return static_cast<int>(j) < bits ? value : value - 1; });
    }
    std::vector<Width> widths() const { return widths_of(yardstick, evidence, trace); }
};

TEST(Width, IsTheFirstSumThatLosesItsOneAtItsStage) {
    EXPECT_TRUE(Made().widths().empty());
    const Stage stages[] = {Stage::micro, Stage::device, Stage::exchange};
    for (std::size_t i = 0; i < 3; ++i)
        for (const int bits : {1, 8, 11}) {
            Made made;
            made.narrow(std::to_string(i + 1), bits, 1);
            EXPECT_EQ(made.widths(), (std::vector<Width>{{stages[i], bits}}));
        }
    Made made;
    made.narrow("1", 8, 0);
    made.narrow("3", 11, 0);
    EXPECT_EQ(made.widths(), (std::vector<Width>{{Stage::micro, 8}, {Stage::exchange, 11}}));
}

TEST(Width, AWrongWeightIsNone) {
    Made made;
    edit(made.trace.ranks[0][0], "grad/2", [](std::size_t, double value) { return 2 * value; });
    EXPECT_TRUE(made.widths().empty()) << "small sums are wrong too";
    Made hole;
    edit(hole.trace.ranks[0][0], "grad/2", [](std::size_t j, double value) { return j == 5 ? value - 1 : value; });
    EXPECT_TRUE(hole.widths().empty()) << "larger ones are right";
}

TEST(Width, OnlyTwoGiversAPowerOfTwoApartAreAProbe) {
    Made made;
    made.narrow("2", 8, 0);
    ASSERT_EQ(made.widths().size(), 1u);
    Made three = made, apart = made;
    three.yardstick.windows[0].shares[3][1] = three.yardstick.windows[0].shares[2][1];
    EXPECT_TRUE(three.widths().empty());
    std::vector<double> odd;
    for (int j = 0; j < exponents; ++j) odd.push_back(std::ldexp(1.5, j));
    apart.yardstick.windows[0].shares[0][1] = tensor_of(Dtype::f32, {exponents}, odd);
    EXPECT_TRUE(apart.widths().empty());
}

TEST(Width, WhatIsNotCertifiedSaysNothing) {
    Made made;
    made.narrow("2", 8, 0);
    made.yardstick.windows[0].spare_bits = -1;
    EXPECT_TRUE(made.widths().empty());
    made.yardstick.windows[0].spare_bits = 0.5;  // of two devices
    EXPECT_TRUE(made.widths().empty());
}

TEST(Width, SentencesNameTheLastNarrowStage) {
    const auto said = [](const std::vector<std::vector<Width>>& trials) {
        std::vector<Record> records(trials.size());
        std::vector<const Record*> divergent;
        for (std::size_t i = 0; i < trials.size(); ++i) {
            records[i].evidence.widths = trials[i];
            divergent.push_back(&records[i]);
        }
        return width_sentences(divergent);
    };
    const Width micro{Stage::micro, 8}, device{Stage::device, 8}, exchange{Stage::exchange, 8}, half{Stage::device, 11};
    EXPECT_EQ(said({}), "");
    EXPECT_EQ(said({{}}), "");
    EXPECT_EQ(said({{micro}}),
              " Gradients keep 8 bits where the samples of a micro-batch are added up: 2^8 + 1 comes out as another "
              "number there.");
    EXPECT_TRUE(says(said({{micro, device}, {micro}}), "where a device adds up its micro-batches"));
    EXPECT_FALSE(says(said({{micro, device}, {micro}}), "samples of a micro-batch"));
    EXPECT_FALSE(says(said({{micro, device, exchange}}), "a device adds"));
    EXPECT_TRUE(says(said({{exchange}, {half}, {device}}), "keep 8 bits where a device"));
    EXPECT_TRUE(says(said({{exchange}, {half}}), "keep 11 bits where a device"));
    EXPECT_TRUE(says(said({{exchange}, {half}}), "keep 8 bits where the devices' gradients"));
}

}  // namespace
}  // namespace isobatch
