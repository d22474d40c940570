#include <cmath>
#include <functional>
#include <limits>

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
    static const Yardstick yardstick = yardstick_of(matrix().reference());
    return check_step(yardstick, candidate, align(yardstick, candidate));
}

TEST(CheckStep, ACleanTrialHoldsExactly) {
    const CheckResult result = check(matrix().candidate({4, 2, 2}));
    EXPECT_EQ(result, (CheckResult{.check = Check::step}));
}

TEST(CheckStep, EveryCountAndRateIsHeldToTheReference) {
    struct Breach {
        const char* says;
        std::function<void(Step&)> make;
    };
    const Breach breaches[] = {
        {"5 optimizer steps after window 4, the reference has 4", [](Step& step) { ++step.counters.optimizer_steps; }},
        {"3 optimizer steps after window 4, the reference has 4", [](Step& step) { --step.counters.optimizer_steps; }},
        {"5 schedule steps after window 4, the reference has 4", [](Step& step) { ++step.counters.scheduler_steps; }},
        {"1 EMA updates after window 4, the reference has 0", [](Step& step) { step.counters.ema_updates = 1; }},
        {"learning rate", [](Step& step) { step.lr[0] = std::nextafter(step.lr[0], 1); }},
        {"learning rate", [](Step& step) { step.lr[0] = std::nextafter(step.lr[0], 0); }},
        {"learning rate nan in window 4", [](Step& step) { step.lr[0] = std::nan(""); }},
        {"2 learning rates, the reference has 1", [](Step& step) { step.lr.push_back(step.lr[0]); }},
        {"0 learning rates, the reference has 1", [](Step& step) { step.lr.clear(); }},
    };
    for (const Breach& breach : breaches) {
        for (const std::size_t rank : {0u, 1u}) {
            Trace candidate = matrix().candidate({4, 2, 2});
            breach.make(candidate.ranks[rank][3]);
            const CheckResult result = check(candidate);
            EXPECT_EQ(result.outcome, Outcome::divergent) << breach.says;
            EXPECT_EQ(result.first, (Place{4, static_cast<int>(rank), "", -1}));
            EXPECT_EQ(result.worst, result.first);
            EXPECT_TRUE(says(result.message, breach.says));
        }
    }
}

TEST(CheckStep, TheSecondGroupIsComparedToo) {
    Trace reference = matrix().reference();
    for (Step& step : reference.ranks[0]) step.lr.push_back(0.5);
    const Yardstick yardstick = yardstick_of(reference);
    Trace candidate = matrix().candidate({4, 4, 1});
    for (Step& step : candidate.ranks[0]) step.lr.push_back(0.5);
    EXPECT_EQ(check_step(yardstick, candidate, align(yardstick, candidate)).outcome, Outcome::identical);
    candidate.ranks[0][2].lr[1] = 0.25;
    EXPECT_EQ(check_step(yardstick, candidate, align(yardstick, candidate)).first, (Place{3, 0, "", -1}));
}

TEST(CheckStep, TheFirstBreachIsTold) {
    Trace candidate = matrix().candidate({4, 4, 1});
    candidate.ranks[0][1].counters.scheduler_steps = 7;
    candidate.ranks[0][4].counters.optimizer_steps = 7;
    EXPECT_TRUE(says(check(candidate).message, "7 schedule steps after window 2"));
    EXPECT_EQ(check(candidate).first, (Place{2, 0, "", -1}));
}

TEST(CheckStep, TheNumberOfStepsIsThatOfTheReferenceOnEveryRank) {
    Trace fewer = matrix().candidate({4, 2, 2});
    fewer.ranks[1].pop_back();
    EXPECT_EQ(check(fewer).outcome, Outcome::divergent);
    EXPECT_EQ(check(fewer).first, (Place{0, 1, "", -1}));
    EXPECT_TRUE(says(check(fewer).message, "5 optimizer steps in all, the reference has 6"));

    Trace more = matrix().candidate({4, 4, 1});
    more.ranks[0].push_back(more.ranks[0].back());
    more.ranks[0].back().number = 7;
    EXPECT_TRUE(says(check(more).message, "7 optimizer steps in all"));
}

TEST(CheckStep, AStepThatIsNoWindowHasNothingToBeComparedWith) {
    Trace candidate = matrix().candidate({4, 4, 1});
    candidate.ranks[0][3].micros[0].samples[0] = "stranger";
    candidate.ranks[0][3].lr[0] = 7;
    EXPECT_EQ(check(candidate).outcome, Outcome::identical);
}

TEST(CheckStep, ClearsAreLeftToTheEvents) {
    Trace candidate = matrix().candidate({4, 4, 1});
    candidate.ranks[0][0].counters.zero_grads = 9;
    EXPECT_EQ(check(candidate).outcome, Outcome::identical);
}

}  // namespace
}  // namespace isobatch
