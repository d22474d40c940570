#include "run/every_split.h"

#include <gtest/gtest-spi.h>

#include "cases/faults/faults.h"
#include "run/expect_equivalent.h"
#include "small_trial.h"
#include "tests/base/expect.h"

namespace isobatch {

using std::string_literals::operator""s;

TEST(EverySplit, HasThemAllOnSoManyDevices) {
    std::vector<std::string> splits;
    for (const Trial& trial : every_split(small_trial({4, 1, 1}), 2)) {
        splits.push_back(to_string(trial.split));
        EXPECT_EQ(trial.subject, "mlp");
    }
    EXPECT_EQ(splits, (std::vector<std::string>{"4x1x1", "2x2x1", "2x1x2", "1x4x1", "1x2x2"}));
}

TEST(EverySplit, ARightTrainerIsNothingToComplainOf) {
    ISOBATCH_EXPECT_EQUIVALENT(small_trial({4, 1, 1}));
}

TEST(EverySplit, AFaultIsNamedWithWhatToDo) {
    Trial trial = small_trial({4, 1, 1});
    trial.fault = "token-mean-of-means";
    const Result result = run_all(every_split(trial), plant);
    EXPECT_EQ(result.outcome, Outcome::divergent);
    const std::string text = complaint(result);
    for (const std::string& part :
         {result.summary, result.findings.at(0).remedy, "isobatch check mlp --splits"s, "first seen: step 1, rank 0"s})
        EXPECT_TRUE(says(text, part));
}

TEST(EverySplit, WhatNothingCouldHaveBrokenIsNoPass) {
    Trial trial = small_trial({4, 1, 1});
    trial.lengths = Lengths::equal;
    trial.samples = 12;
    EXPECT_TRUE(says(complaint(run_all(every_split(trial))), "untested: weighting"));
}

TEST(EverySplit, TheExpectationFailsWithTheComplaint) {
    static Trial trial = small_trial({4, 1, 1});  // EXPECT_NONFATAL_FAILURE sees no local
    trial.lengths = Lengths::equal;
    trial.samples = 12;
    EXPECT_NONFATAL_FAILURE(ISOBATCH_EXPECT_EQUIVALENT(trial), "untested: weighting");
}

}  // namespace isobatch
