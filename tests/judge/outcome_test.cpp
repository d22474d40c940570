#include "judge/outcome.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

using enum Outcome;

constexpr Outcome all_outcomes[] = {identical, equivalent, inconclusive, divergent, out_of_memory, crashed};

TEST(Outcome, EveryOneIsReadFromItsText) {
    for (const Outcome outcome : all_outcomes) EXPECT_EQ(parse_outcome(to_string(outcome)), outcome);
    EXPECT_EQ(to_string(inconclusive), "inconclusive");
    for (const char* bad : {"", "Identical", "equivalent ", "pass", "skipped"})
        EXPECT_TRUE(says(error_of([&] { parse_outcome(bad); }).what(), bad)) << bad;
}

TEST(Outcome, AnErrorShowsHostileTextEscaped) {
    EXPECT_TRUE(says(error_of([] { parse_outcome("\x1b[2J"); }).what(), "\\x1b[2J"));
}

TEST(Outcome, MergingTakesTheWorst) {
    for (const Outcome a : all_outcomes) {
        for (const Outcome b : all_outcomes) {
            EXPECT_EQ(worst(a, b), worst(b, a));
            EXPECT_TRUE(worst(a, b) == a || worst(a, b) == b);
            EXPECT_TRUE(worst(a, b) >= a && worst(a, b) >= b);
        }
    }
    EXPECT_LT(identical, equivalent);
    EXPECT_LT(equivalent, inconclusive);
    EXPECT_LT(inconclusive, divergent);
    EXPECT_LT(divergent, out_of_memory);
    EXPECT_LT(out_of_memory, crashed);
}

TEST(Outcome, OneThatEndsBeforeItsAnswerIsNeitherAPassNorAMismatch) {
    for (const Outcome outcome : all_outcomes)
        EXPECT_EQ(unanswered(outcome), outcome == out_of_memory || outcome == crashed) << to_string(outcome);
}

TEST(Outcome, ExitCodesAreThoseOfTheManual) {
    EXPECT_EQ(exit_code(identical), 0);
    EXPECT_EQ(exit_code(equivalent), 0);
    EXPECT_EQ(exit_code(divergent), 1);
    EXPECT_EQ(exit_code(out_of_memory), 3);
    EXPECT_EQ(exit_code(crashed), 3);
    EXPECT_EQ(exit_code(inconclusive), 4);
}

}  // namespace
}  // namespace isobatch
