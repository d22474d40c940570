#include "measure/traffic.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

/// Two steps of a model of 10 fp32 parameters.
Trace trace() {
    Trace trace;
    trace.manifest.recipe = Recipe::fp32;
    trace.manifest.parameters = {{"a", {3, 2}}, {"b", {4}}};
    trace.ranks.assign(2, std::vector<Step>(2));
    for (auto& rank : trace.ranks)
        for (Step& step : rank) step.collectives = {{"all_reduce", {1, 40}}};
    return trace;
}

TEST(Traffic, OneAllReduceOfEveryGradientIsOneExchange) {
    EXPECT_EQ(traffic_of(trace()), (Traffic{2, 80, 1}));
}

TEST(Traffic, OtherCollectivesAreTrafficAndNoExchange) {
    Trace started = trace();
    (*started.ranks[0][0].collectives)["broadcast"] = {3, 100};
    EXPECT_EQ(traffic_of(started), (Traffic{5, 180, 1}));
}

TEST(Traffic, IsOfTheRankThatMovedMost) {
    Trace uneven = trace();
    (*uneven.ranks[1][1].collectives)["all_reduce"] = {4, 160};
    EXPECT_EQ(traffic_of(uneven), (Traffic{5, 200, 4}));
}

TEST(Traffic, TheFirstOfSeveralWindowsIsNoMeasure) {
    Trace learning = trace();
    for (auto& rank : learning.ranks) (*rank[0].collectives)["all_reduce"] = {2, 80};
    EXPECT_EQ(traffic_of(learning).exchanges, 1);
    for (auto& rank : learning.ranks) rank.resize(1);
    EXPECT_EQ(traffic_of(learning).exchanges, 2) << "the only one is";
}

TEST(Traffic, InFp64AGradientIsTwiceAsLarge) {
    Trace doubled = trace();
    doubled.manifest.recipe = Recipe::fp64;
    EXPECT_EQ(traffic_of(doubled).exchanges, 0.5);
}

TEST(Traffic, WhatNobodyCountedIsNone) {
    Trace silent = trace();
    for (auto& rank : silent.ranks)
        for (Step& step : rank) step.collectives.reset();
    EXPECT_EQ(traffic_of(silent), Traffic{});
    EXPECT_EQ(traffic_of({}), Traffic{});
    Trace empty = trace();
    empty.manifest.parameters.clear();
    EXPECT_EQ(traffic_of(empty).exchanges, 0) << "no gradients";
}

TEST(Traffic, ReadsBackAndRefusesWhatIsNoCount) {
    const Traffic traffic{7, std::int64_t{1} << 40, 0.1};
    EXPECT_EQ(traffic_from_json(parse_json(to_json(traffic).dump(), ""), "file"), traffic);
    for (const char* text : {"{}", R"({"calls": -1, "bytes": 0, "exchanges": 0})",
                             R"({"calls": 0, "bytes": 0.5, "exchanges": 0})", R"({"calls": 0, "bytes": 0})"})
        EXPECT_THROW(traffic_from_json(parse_json(text, ""), "file"), Error) << text;
}

}  // namespace
}  // namespace isobatch
