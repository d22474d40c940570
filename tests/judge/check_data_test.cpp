#include <algorithm>
#include <functional>

#include "judge/judge.h"
#include "tests/base/expect.h"
#include "tests/judge/synthetic.h"

namespace isobatch {
namespace {

const Synthetic& matrix() {
    static const Synthetic matrix;
    return matrix;
}

CheckResult check(const Trace& candidate) {
    const Yardstick yardstick = yardstick_of(matrix().reference());
    return check_data(yardstick, candidate, align(yardstick, candidate));
}

std::vector<std::string>& samples(Trace& trace, std::size_t k, std::size_t micro = 0) {
    return trace.ranks[0][k].micros[micro].samples;
}

TEST(CheckData, ACleanTrialUsesEverySampleWhereItWasPromised) {
    for (const Split& split : {Split{16, 1, 1}, Split{1, 16, 1}, Split{2, 2, 4}})
        EXPECT_EQ(check(matrix().candidate(split)), (CheckResult{.check = Check::data}));
}

TEST(CheckData, UnitsAreThoseOfTheSamplesButForRounding) {
    Trace reference = matrix().reference();
    std::vector<double>& units = reference.ranks[0][0].trusted->sample_units;
    for (std::size_t i = 0; i < units.size(); ++i) units[i] = 0.1 * static_cast<double>(i + 1);  // no sum is exact
    const Yardstick yardstick = yardstick_of(reference);
    Trace candidate = matrix().candidate({8, 2, 1});
    const auto counted = [&](std::size_t micro, double off) {
        double sum = off;
        for (std::size_t i = 8 * (micro + 1); i-- > 8 * micro;) sum += units[i];  // in the other order
        candidate.ranks[0][0].micros[micro].units = sum;
        return check_data(yardstick, candidate, align(yardstick, candidate));
    };
    counted(0, 0);
    EXPECT_EQ(counted(1, 0).outcome, Outcome::identical);
    for (const double off : {-1e-13, 1e-13, 1.4e-14}) {  // of 0.9e-14 that eight additions up to 10 may be off
        EXPECT_EQ(counted(1, off).outcome, Outcome::divergent);
        EXPECT_EQ(counted(1, off).first, (Place{1, 0, "", -1}));
        EXPECT_EQ(counted(1, off).message, "step 1 of rank 0 counts other units than its samples have");
    }
}

TEST(CheckData, CopiesHoldWhatTheirPlaceHolds) {
    const Synthetic nested({.copies = 2});
    const Yardstick yardstick = yardstick_of(nested.reference());
    const auto checked = [&](const Trace& candidate) {
        return check_data(yardstick, candidate, align(yardstick, candidate));
    };
    Trace candidate = nested.candidate({4, 2, 2});
    EXPECT_EQ(checked(candidate), (CheckResult{.check = Check::data}));
    std::swap(candidate.ranks[1][2], candidate.ranks[3][2]);  // each sample is still on one rank of every copy
    const CheckResult result = checked(candidate);
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.first, (Place{3, 1, "", -1}));
    EXPECT_EQ(result.message, "rank 1 is a copy of rank 0, and holds other samples in step 3");
    const std::vector<std::function<void(Step&)>> edits{[](Step& step) { step.epoch = 9; },
                                                        [](Step& step) { step.micros[0].units = 99; },
                                                        [](Step& step) { step.micros[0].index = 7; }};
    for (const auto& edit : edits) {
        Trace other = nested.candidate({4, 2, 2});
        edit(other.ranks[3][1]);
        EXPECT_EQ(checked(other).first, (Place{2, 3, "", -1}));
    }
    Trace more = nested.candidate({4, 2, 2});
    more.ranks[0].pop_back();
    EXPECT_EQ(checked(more).outcome, Outcome::divergent);
    Trace fewer = nested.candidate({4, 2, 2});
    fewer.ranks[3].pop_back();
    EXPECT_EQ(checked(fewer).first, (Place{6, 3, "", -1}));
}

TEST(CheckData, ADroppedSampleIsCounted) {
    Trace candidate = matrix().candidate({4, 4, 1});
    const std::string dropped = samples(candidate, 1, 3).back();
    samples(candidate, 1, 3).pop_back();
    const CheckResult result = check(candidate);
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.first, (Place{2, 0, "", -1}));
    EXPECT_EQ(result.worst, result.first);
    EXPECT_TRUE(says(result.message,
                     "no step holds the samples of the reference's window 2; step 2 holds samples of no window"));
    EXPECT_TRUE(says(result.message, "1 sample uses missing, 0 too many (first: sample " + dropped + " of epoch 1)"));
}

TEST(CheckData, ADoubledSampleIsCounted) {
    Trace candidate = matrix().candidate({4, 4, 1});
    samples(candidate, 0).push_back(samples(candidate, 0)[0]);
    samples(candidate, 5).push_back(samples(candidate, 5)[0]);
    samples(candidate, 5).push_back(samples(candidate, 5)[0]);
    const CheckResult result = check(candidate);
    EXPECT_EQ(result.first, (Place{1, 0, "", -1}));
    EXPECT_TRUE(
        says(result.message, "window 1, 6; step 1, 6 holds samples of no window; 0 sample uses missing, 3 too many"));
}

TEST(CheckData, TheSameSampleOfTwoEpochsIsTwoUses) {
    Trace candidate = matrix().candidate({4, 4, 1});
    candidate.ranks[0][3].epoch = 1;
    EXPECT_TRUE(says(check(candidate).message, "16 sample uses missing, 16 too many"));
}

TEST(CheckData, SamplesInOtherWindowsAreNeitherMissingNorTooMany) {
    Trace candidate = matrix().candidate({4, 4, 1});
    std::swap(samples(candidate, 0)[0], samples(candidate, 1)[0]);
    const CheckResult result = check(candidate);
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_TRUE(says(result.message, "every sample was used as often as promised, but in other windows"));
}

TEST(CheckData, AMissingWindowIsAboutTheWholeRun) {
    Trace candidate = matrix().candidate({4, 4, 1}, {.trains_on_tail = false});
    const CheckResult result = check(candidate);
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.first, Place{});
    EXPECT_EQ(result.worst, Place{});
    EXPECT_TRUE(
        says(result.message, "no step holds the samples of the reference's window 3, 6; 22 sample uses missing"));
}

TEST(CheckData, AnExtraStepIsNamed) {
    Trace candidate = matrix().candidate({4, 4, 1});
    candidate.ranks[0].push_back(candidate.ranks[0].back());
    const CheckResult result = check(candidate);
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.first, (Place{7, 0, "", -1}));
    EXPECT_TRUE(says(result.message, "step 7 holds samples of no window; 0 sample uses missing, 11 too many"));
}

TEST(CheckData, AStrangersNameIsEscaped) {
    Trace candidate = matrix().candidate({16, 1, 1});
    samples(candidate, 0)[0] = "\x1b[2J";
    EXPECT_TRUE(says(check(candidate).message, "sample \\x1b[2J"));
}

}  // namespace
}  // namespace isobatch
