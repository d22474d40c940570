#include "cases/faults/timed.h"

namespace isobatch {

namespace {

/// One decision that looks at a window first.
template <class Result, class... Rest, class When>
std::function<Result(const Window&, Rest...)> either(const std::function<Result(const Window&, Rest...)>& faulty,
                                                     const std::function<Result(const Window&, Rest...)>& right,
                                                     When when) {
    return [faulty, right, when](const Window& window, Rest... rest) {
        return (when(window) ? faulty : right)(window, rest...);
    };
}

}  // namespace

Decisions timed(const Setup& setup, const Decisions& right, Timing timing) {
    const auto when = [timing, samples = setup.data.size(), effective = setup.trial.split.effective()](
                          const Window& window) { return acts(timing, moment_of(window.batch, samples, effective)); };
    const Decisions& faulty = setup.decisions;
    Decisions decide = right;
    decide.divisor = either(faulty.divisor, right.divisor, when);
    decide.exchanges = either(faulty.exchanges, right.exchanges, when);
    decide.exchanges_with = either(faulty.exchanges_with, right.exchanges_with, when);
    decide.arrives = either(faulty.arrives, right.arrives, when);
    decide.reports = either(faulty.reports, right.reports, when);
    decide.disturbs = either(faulty.disturbs, right.disturbs, when);
    decide.clears_before = either(faulty.clears_before, right.clears_before, when);
    decide.clips = either(faulty.clips, right.clips, when);
    decide.steps = either(faulty.steps, right.steps, when);
    decide.averages = either(faulty.averages, right.averages, when);
    decide.schedule_steps = either(faulty.schedule_steps, right.schedule_steps, when);
    return decide;
}

}  // namespace isobatch
