#include "diagnose/left_over.h"

#include <gtest/gtest.h>

namespace isobatch {
namespace {

/// Two updates; before the second the accumulator held these.
Trace trace_of(std::vector<double> left, double left_over = 1) {
    Trace trace;
    trace.ranks.emplace_back(2);
    trace.ranks[0][0].number = 1;
    trace.ranks[0][1].number = 2;
    trace.ranks[0][0].tensors["grad/w"] = doubles_tensor({1, -2, 4});
    trace.ranks[0][0].tensors["grad/b"] = doubles_tensor({0, 2});
    trace.ranks[0][1].left_over = left_over;
    trace.ranks[0][1].tensors["left/b"] = doubles_tensor({left[3], left[4]});
    trace.ranks[0][1].tensors["left/w"] = doubles_tensor({left[0], left[1], left[2]});
    return trace;
}

Recovered found_in(const Trace& trace) {
    Evidence evidence;
    add_left_over(evidence, trace);
    EXPECT_EQ(evidence.windows.size(), 1u);
    EXPECT_EQ(evidence.windows.at(0).step, 2);
    EXPECT_TRUE(evidence.windows[0].samples.empty());
    return evidence.windows[0].recovered.at(0);
}

TEST(LeftOver, IsAShareOfTheFirstGradient) {
    for (const double share : {1.0, 0.25}) {
        const Recovered found = found_in(trace_of({share, -2 * share, 4 * share, 0, 2 * share}));
        EXPECT_EQ(found.stale, std::vector<double>{share});
        EXPECT_EQ(found.residual, 0);
        EXPECT_EQ(found.ranks, std::vector<int>{0});
    }
}

TEST(LeftOver, WhatIsNoShareLeavesAResidual) {
    EXPECT_GT(found_in(trace_of({1, -2, 4, 0, 0})).residual, 0.1);
    Trace absent = trace_of({1, -2, 4, 0, 2});
    absent.ranks[0][1].tensors.erase("left/b");
    EXPECT_GT(found_in(absent).residual, 0.1);
}

TEST(LeftOver, NothingLeftIsNoEvidence) {
    Evidence evidence;
    add_left_over(evidence, trace_of({0, 0, 0, 0, 0}, 0));
    add_left_over(evidence, {});
    Trace unfinished = trace_of({1, -2, 4, 0, 2});
    unfinished.ranks[0][1].number.reset();
    add_left_over(evidence, unfinished);
    EXPECT_TRUE(evidence.windows.empty());
}

TEST(LeftOver, TheClipOfTheFirstWindowMayHaveShrunkIt) {
    Trace trace = trace_of({0.5, -1, 2, 0, 1});
    trace.ranks[0][0].clip_threshold = 2.5;
    trace.ranks[0][0].grad_norm = 5;
    Evidence evidence;
    add_left_over(evidence, trace);
    EXPECT_EQ(evidence.windows.at(0).layout.norm, 2);
}

}  // namespace
}  // namespace isobatch
