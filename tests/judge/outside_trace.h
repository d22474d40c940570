#pragma once

#include <string>
#include <vector>

#include "judge/check_outside.h"
#include "judge/yardstick.h"
#include "tests/base/expect.h"
#include "trace/trace.h"

namespace isobatch {

using Ids = std::vector<std::string>;

/// What a recorder leaves of one update: its micros with one unit a sample. Number 0: an unfinished window.
inline Step outside_step(std::int64_t number, const std::vector<Ids>& micros) {
    Step step;
    if (number > 0) step.number = number;
    for (const Ids& samples : micros) {
        const auto count = static_cast<double>(samples.size());
        step.events.push_back("backward " + std::to_string(step.micros.size()));
        step.micros.push_back({static_cast<int>(step.micros.size()), samples, count, count, 0, {}, 0, 0});
    }
    if (number > 0) step.events.emplace_back("step");
    step.lr = {0.1};
    step.counters.optimizer_steps = number;
    step.counters.scheduler_steps = number - 1;
    step.left_over = 0;
    return step;
}

/// One rank that recorded these updates; `ended`: and then the end of the script.
inline Trace outside_trace(const std::vector<std::vector<Ids>>& steps, bool ended = false) {
    Trace trace;
    trace.manifest.split = {2, 2, 1};
    trace.ranks.emplace_back();
    for (const std::vector<Ids>& micros : steps)
        trace.ranks[0].push_back(outside_step(std::ssize(trace.ranks[0]) + 1, micros));
    if (ended) trace.ranks[0].push_back(outside_step(0, {}));
    return trace;
}

/// An epoch of windows abcd, efgh and ij, and the first window of the next.
inline Yardstick outside_reference(bool ended = false) {
    Yardstick yardstick;
    yardstick.ours = false;
    yardstick.ended = ended;
    for (const Ids& samples :
         {Ids{"a", "b", "c", "d"}, Ids{"e", "f", "g", "h"}, Ids{"i", "j"}, Ids{"c", "a", "d", "b"}}) {
        const auto number = std::ssize(yardstick.windows) + 1;
        WindowScale window;
        window.step = number;
        window.samples = samples;
        window.units = static_cast<double>(samples.size());
        window.lr = {0.1};
        window.counters = outside_step(number, {}).counters;
        yardstick.windows.push_back(window);
    }
    return yardstick;
}

/// The same training, two samples a micro.
inline std::vector<std::vector<Ids>> right_steps() {
    return {{{"a", "b"}, {"c", "d"}}, {{"e", "f"}, {"g", "h"}}, {{"i", "j"}}, {{"c", "a"}, {"d", "b"}}};
}

inline CheckResult step_of(const Trace& candidate, const Yardstick& reference = outside_reference()) {
    return check_outside_step(reference, candidate, align(reference, candidate));
}

inline void expect_red(const CheckResult& result, std::int64_t step, const std::string& text) {
    EXPECT_EQ(result.outcome, Outcome::divergent);
    ASSERT_TRUE(result.first);
    EXPECT_EQ(result.first->step, step);
    EXPECT_GE(result.first->rank, 0);
    EXPECT_TRUE(says(result.message, text));
}

}  // namespace isobatch
