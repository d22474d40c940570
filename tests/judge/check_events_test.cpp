#include <algorithm>

#include <gtest/gtest.h>

#include "judge/judge.h"
#include "tests/base/expect.h"

namespace isobatch {
namespace {

using Events = std::vector<std::string>;

Trace ran(const std::vector<std::vector<Events>>& ranks) {
    Trace trace;
    for (const std::vector<Events>& steps : ranks) {
        trace.ranks.emplace_back();
        for (const Events& events : steps) {
            Step step;
            step.events = events;
            if (std::find(events.begin(), events.end(), "step") != events.end())  // else: recorded in its middle
                step.number = static_cast<std::int64_t>(trace.ranks.back().size()) + 1;
            for (const std::string& event : events)
                if (event.starts_with("backward")) step.micros.push_back({.index = event.back() - '0'});
            trace.ranks.back().push_back(step);
        }
    }
    return trace;
}

const Events clean{"backward 0", "backward 1", "reduce", "step", "schedule", "zero"};
const Events cleared_first{"zero", "backward 0", "backward 1", "reduce", "step", "schedule"};

TEST(CheckEvents, TheLifeCycleHoldsWhereverTheClearIs) {
    for (const std::vector<std::vector<Events>>& ranks : std::vector<std::vector<std::vector<Events>>>{
             {{clean, clean, clean}},
             {{cleared_first, cleared_first}, {cleared_first, cleared_first}},
             {{{"zero", "zero", "backward 0", "step", "zero", "zero"}, clean}},
             {{{"backward 0", "unscale", "clip", "step", "ema", "eval", "save", "zero"}, clean}},
             {{{"reduce", "step", "zero"}, clean}},  // a rank that had no sample
             {{{"backward 0", "step"}}},
             {{{"backward 0", "step", "schedule", "restart"}, clean}},  // no run begins with gradients
             {{{}, {}}},
             {}}) {
        const CheckResult result = check_events(ran(ranks));
        EXPECT_EQ(result.outcome, Outcome::identical) << result.message;
        EXPECT_EQ(result.check, Check::events);
        EXPECT_FALSE(result.first);
        EXPECT_EQ(result.message, "");
    }
}

TEST(CheckEvents, AClearBetweenTwoBackwardsIsSeen) {
    const Events breach{"backward 0", "zero", "backward 1", "step", "zero"};
    const CheckResult result = check_events(ran({{clean, clean}, {clean, breach}}));
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.first, (Place{2, 1, "", -1}));
    EXPECT_EQ(result.worst, result.first);
    EXPECT_TRUE(says(result.message, "cleared after 1 backward(s)"));
}

TEST(CheckEvents, ABackwardAfterTheExchangeIsSeen) {
    const Events late{"backward 0", "reduce", "backward 1", "backward 2", "step", "zero"};
    const CheckResult result = check_events(ran({{clean, clean}, {late, clean}}));
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.first, (Place{1, 1, "", -1}));
    EXPECT_TRUE(says(result.message, "2 backward(s) of the window came after its exchange"));
    const Events every{"backward 0", "reduce", "backward 1", "reduce", "step", "zero"},
        none{"backward 0", "step", "zero"};
    EXPECT_EQ(check_events(ran({{every, none, every}})).outcome, Outcome::identical)
        << "to average an average changes nothing, and where nothing is exchanged the gradients tell";
}

TEST(CheckEvents, AClearBeforeTheStepIsSeen) {
    const CheckResult result = check_events(ran({{{"backward 0", "backward 1", "backward 2", "zero", "step"}}}));
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.first, (Place{1, 0, "", -1}));
    EXPECT_TRUE(says(result.message, "cleared after 3 backward(s)"));
}

TEST(CheckEvents, AMissingClearIsSeenAtTheNextBackward) {
    const Events uncleared{"backward 0", "step"};
    const CheckResult result = check_events(ran({{clean, uncleared, clean, uncleared, clean}}));
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.first, (Place{3, 0, "", -1}));
    EXPECT_TRUE(says(result.message, "not cleared between a step and the next backward"));
}

TEST(CheckEvents, AClearBeforeTheStepDoesNotCountForTheNextWindow) {
    const CheckResult result = check_events(ran({{{"zero", "backward 0", "step"}, {"backward 0", "step"}}}));
    EXPECT_EQ(result.outcome, Outcome::divergent);
    EXPECT_EQ(result.first, (Place{2, 0, "", -1}));
}

TEST(CheckEvents, RanksAreFollowedApart) {
    EXPECT_EQ(check_events(ran({{{"backward 0", "step"}}, {{"backward 0", "step"}}})).outcome, Outcome::identical);
    EXPECT_EQ(check_events(ran({{{"backward 0"}}, {{"zero", "backward 0"}}})).outcome, Outcome::identical);
}

TEST(CheckEvents, AWindowMayReachOverRecordedSteps) {
    // A loop that records before it has stepped leaves its window open.
    const CheckResult open = check_events(ran({{{"backward 0"}, {"zero", "backward 0", "step"}}}));
    EXPECT_EQ(open.outcome, Outcome::divergent);
    EXPECT_EQ(open.first, (Place{2, 0, "", -1}));
}

}  // namespace
}  // namespace isobatch
