#include "trace/sketch.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "tests/base/expect.h"
#include "tests/trace/small_trace.h"

namespace isobatch {
namespace {

using Coordinates = std::vector<std::int64_t>;

TEST(SketchCoordinates, AreThoseOfEveryLanguage) {  // tests/recorder/recorder_test.py has the same ones
    const Coordinates drawn = sketch_coordinates({"layer.0.weight", {10, 100}}, 16);
    EXPECT_EQ(Coordinates(drawn.begin(), drawn.begin() + 6), (Coordinates{1, 27, 38, 51, 71, 90}));
    EXPECT_EQ(drawn.back(), 999);
    const Coordinates other = sketch_coordinates({"größe", {65}}, 1);
    EXPECT_EQ(Coordinates(other.begin(), other.begin() + 3), (Coordinates{1, 2, 3}));
    EXPECT_EQ(sketch_coordinates({"b", {3}}, 16), (Coordinates{0, 1, 2}));
    EXPECT_EQ(sketch_coordinates({"b", {}}, 16), Coordinates{0});
    EXPECT_EQ(sketch_coordinates({"b", {0}}, 16), Coordinates{});
}

RC_GTEST_PROP(SketchCoordinates, AreEnoughDistinctAndInOrder, ()) {
    const auto rows = *rc::gen::inRange<std::int64_t>(1, 200), columns = *rc::gen::inRange<std::int64_t>(1, 50);
    const auto samples = *rc::gen::inRange<std::int64_t>(1, 100);
    const Coordinates drawn = sketch_coordinates({*rc::gen::arbitrary<std::string>(), {rows, columns}}, samples);
    RC_ASSERT(std::ssize(drawn) == std::min(rows * columns, std::max<std::int64_t>(64, 3 * samples)));
    RC_ASSERT(std::is_sorted(drawn.begin(), drawn.end()));
    RC_ASSERT(std::set(drawn.begin(), drawn.end()).size() == drawn.size());
    RC_ASSERT(drawn.front() >= 0 && drawn.back() < rows * columns);
}

TEST(SketchCoordinates, DependOnTheNameAndEachSide) {
    const Coordinates one = sketch_coordinates({"w", {20, 50}}, 1);
    EXPECT_NE(one, sketch_coordinates({"v", {20, 50}}, 1));
    EXPECT_NE(one, sketch_coordinates({"w", {50, 20}}, 1));
    EXPECT_EQ(one, sketch_coordinates({"w", {20, 50}}, 21));
}

/// One step of a recorded script whose gradient's element i is i, and what a micro added to it twice that.
Trace recorded() {
    Trace trace;
    trace.manifest.trial = "a trial";
    trace.manifest.split = {1, 4, 1};
    trace.manifest.parameters = {{"w", {10, 100}}};
    std::vector<double> values(1000);
    std::iota(values.begin(), values.end(), 0);
    Step step;
    step.number = 1;
    for (const char* key : {"grad/w", "left/w"}) step.tensors[key] = doubles_tensor(values);
    for (double& value : values) value *= 2;
    step.tensors["micro/0/w"] = doubles_tensor(std::move(values));
    step.tensors["other"] = doubles_tensor({1});
    trace.ranks = {{step}};
    return trace;
}

TEST(SketchOf, TakesTheSameElementsOfEveryTensor) {
    const Trace sketch = sketch_of(recorded());
    const Coordinates at = sketch_coordinates({"w", {10, 100}}, 4);
    const Step& step = sketch.ranks[0][0];
    EXPECT_EQ(sketch.manifest.level, Level::sketch);
    ASSERT_EQ(step.tensors.size(), 4u);
    for (const auto& [key, factor] : {std::pair("grad/w", 1), std::pair("left/w", 1), std::pair("micro/0/w", 2)}) {
        const auto values = step.tensors.at(key).as<double>();
        ASSERT_EQ(values.size(), 64u);
        for (std::size_t j = 0; j < 64; ++j) EXPECT_EQ(values[j], factor * static_cast<double>(at[j])) << key;
    }
    EXPECT_EQ(step.sketched.at("w").norm, std::sqrt(332833500.0));
    EXPECT_EQ(step.sketched.at("w").digest, crc32_digest(recorded().ranks[0][0].tensors.at("grad/w").bytes));
}

TEST(SketchOf, WhatWasRecordedSoIsOnlyCalledAsAGradient) {
    Trace trace = sketch_of(recorded());
    Step& step = trace.ranks[0][0];
    step.tensors["sketch/w"] = step.tensors.at("grad/w");
    step.tensors.erase("grad/w");
    const Trace again = sketch_of(trace);
    EXPECT_TRUE(again.ranks[0][0].tensors.contains("grad/w"));
    EXPECT_EQ(again.ranks[0][0].tensors.size(), 4u);
    EXPECT_EQ(again.ranks[0][0].sketched, step.sketched);
    EXPECT_EQ(content_digest(again), content_digest(sketch_of(recorded())));
}

TEST(SketchOf, IsNeededWhereOneTraceIsNoMore) {
    EXPECT_FALSE(has_sketch({}));
    EXPECT_FALSE(has_sketch({recorded(), recorded()}));
    EXPECT_TRUE(has_sketch({recorded(), sketch_of(recorded())}));
}

TEST(SketchOf, RefusesWhatHoldsAnotherNumberOfElements) {
    Trace whole = recorded(), few = sketch_of(recorded());
    whole.ranks[0][0].tensors["micro/0/w"] = doubles_tensor(std::vector<double>(64));
    few.ranks[0][0].tensors["micro/0/w"] = doubles_tensor(std::vector<double>(1000));
    for (const Trace& bad : {whole, few}) {
        const Error error = error_of([&] { sketch_of(bad); });
        EXPECT_TRUE(says(error.problem(), "tensor \"micro/0/w\" has"));
        EXPECT_EQ(error.where(), "a trial");
    }
}

}  // namespace
}  // namespace isobatch
