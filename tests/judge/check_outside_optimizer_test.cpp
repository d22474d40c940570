/// How an outside trainer's optimizer is set, and what it holds.
#include <gtest/gtest.h>

#include "judge/check_outside.h"
#include "tests/judge/outside_trace.h"

namespace isobatch {
namespace {

/// A reference and a split that both say how every update is made.
struct Watching {
    Trace trace = outside_trace(right_steps());
    Yardstick reference = outside_reference();

    explicit Watching(const Watched& watched) {
        for (Step& step : trace.ranks[0]) step.watched = watched;
        for (WindowScale& window : reference.windows) window.watched = watched;
    }
};

TEST(CheckOutside, OtherSettingsOfTheOptimizer) {
    const Watched group{
        {{{"betas", "[0.9,0.999]"}, {"weight_decay", "0.01"}}, {{"weight_decay", "0.0"}}}, {}, false, {}};
    Watching watching(group);
    Trace& trace = watching.trace;
    std::string& decay = trace.ranks[0][0].watched->settings[0].at("weight_decay");
    EXPECT_EQ(step_of(trace, watching.reference).outcome, Outcome::identical);
    for (const char* other : {"0.04", "0.0100001"}) {
        decay = other;
        expect_red(step_of(trace, watching.reference), 1,
                   fmt::format("weight_decay of parameter group 1 is {} in window 1, the reference has 0.01", other));
    }
    decay = "0.01";
    std::string& later = trace.ranks[0][1].watched->settings[0].at("weight_decay");
    later = "0.0100001";  // which an optimizer that sets its own rate makes of rounding
    EXPECT_EQ(step_of(trace, watching.reference).outcome, Outcome::identical);
    for (const char* other : {"0.02", "0.005"}) {
        later = other;
        expect_red(step_of(trace, watching.reference), 2,
                   fmt::format("weight_decay of parameter group 1 is {} in window 2", other));
    }
    std::string& reference = watching.reference.windows[1].watched->settings[0].at("weight_decay");
    later = "-0.0100001";
    reference = "-0.01";
    EXPECT_EQ(step_of(trace, watching.reference).outcome, Outcome::identical);
    reference = "0.01";
    later = "0.01";
    trace.ranks[0][1].watched->settings[1]["nesterov"] = "true";
    expect_red(step_of(trace, watching.reference), 2,
               "nesterov of parameter group 2 is true in window 2, the reference has none");
    trace.ranks[0][1].watched->settings[1].clear();
    expect_red(step_of(trace, watching.reference), 2, "weight_decay of parameter group 2 is not set in window 2");
    trace.ranks[0][1].watched->settings.pop_back();  // that of a rank which another optimizer steps later
    EXPECT_EQ(step_of(trace, watching.reference).outcome, Outcome::identical);
}

TEST(CheckOutside, AnotherStateOfTheOptimizer) {
    Watching watching({{}, {{"square", {4, 0.5}}}, false, {}});
    const Yardstick& reference = watching.reference;
    Step& second = watching.trace.ranks[0][1];
    CheckResult grad{.check = Check::grad, .outcome = Outcome::equivalent, .worst = Place{1, 0, "weight", 0}};
    const auto state = [&] {
        return check_outside_state(reference, watching.trace, align(reference, watching.trace), grad);
    };
    EXPECT_EQ(state().outcome, Outcome::identical);
    second.watched->state["square"].norm = 0.5 * 1.009;
    watching.trace.ranks[0][2].watched->state["square"].norm = 5;  // trainings have come apart by then
    EXPECT_EQ(state().outcome, Outcome::identical);
    second.watched->state["square"].norm = 0.5 * 1.02;
    expect_red(state(), 2, "state \"square\" has the norm 0.51 before the update of window 2, the reference's 0.5");
    Step& before = watching.trace.ranks[0][0];
    before.lr = {0.2};
    EXPECT_EQ(state().outcome, Outcome::identical) << "another rate, which is said, leaves another state";
    before.lr = {0.1};
    before.clip_threshold = 1;
    EXPECT_EQ(state().outcome, Outcome::identical) << "as another clip does";
    before.clip_threshold.reset();
    grad.outcome = Outcome::divergent;
    EXPECT_EQ(state().outcome, Outcome::identical) << "another gradient leaves another state";
    second.watched->state["square"].parameters = 3;
    expect_red(state(), 2, "3 parameter(s) have state \"square\" before the update of window 2, the reference's 4");
    second.watched->state.clear();
    expect_red(state(), 2, "0 parameter(s) have state \"square\"");
    second.watched->state = {{"square", {4, 0.5}}, {"step", {4, 1.0}}};
    expect_red(state(), 2, "4 parameter(s) have state \"step\" before the update of window 2, the reference's none");
    second.watched.reset();
    EXPECT_EQ(state().outcome, Outcome::identical) << "a writer that does not look";
}

}  // namespace
}  // namespace isobatch
