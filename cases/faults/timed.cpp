#include "cases/faults/timed.h"

#include <utility>

namespace isobatch {

namespace {

/// One decision that looks at a window first.
template <class Result, class... Rest, class When>
std::function<Result(const Window&, Rest...)> either(const std::function<Result(const Window&, Rest...)>& faulty,
                                                     const std::function<Result(const Window&, Rest...)>& right,
                                                     When when) {
    return [faulty, right, when](const Window& window, Rest... rest) {
        return (when(window) ? faulty : right)(window, std::forward<Rest>(rest)...);
    };
}

/// One decision about a micro, which looks at the window and at that micro first.
template <class Result, class When>
std::function<Result(const Window&, const Slice&)> either(
    const std::function<Result(const Window&, const Slice&)>& faulty,
    const std::function<Result(const Window&, const Slice&)>& right, When when, Reach where) {
    return [faulty, right, when, where](const Window& window, const Slice& micro) {
        const bool reached = reaches(where, micro.place, micro.micro, window.micros_on(micro.place));
        return (reached && when(window) ? faulty : right)(window, micro);
    };
}

/// What is wrong about a micro's share is wrong in some parameters alone, and its loss is right.
Decisions in_some_parameters(const Decisions& faulty, const Decisions& right) {
    Decisions decide = faulty;
    decide.divisor = right.divisor;
    decide.arrives = right.arrives;
    decide.arrives_in_some = [faulty, right](const Window& window, const Slice& micro) {
        return faulty.arrives(window, micro) / right.arrives(window, micro) * right.divisor(window, micro) /
               faulty.divisor(window, micro);
    };
    return decide;
}

}  // namespace

Decisions timed(const Setup& setup, const Decisions& right, const Occasion& occasion) {
    const auto when = [timing = occasion.when, samples = setup.data.size(), effective = setup.trial.split.effective(),
                       restart = setup.trial.restart](const Window& window) {
        return acts(timing, moment_of(window.batch, samples, effective, restart));
    };
    const Decisions& faulty = setup.decisions;
    Decisions decide = right;
    decide.divisor = either(faulty.divisor, right.divisor, when, occasion.where);
    decide.losses = either(faulty.losses, right.losses, when);
    decide.forwards = either(faulty.forwards, right.forwards, when);
    decide.evaluates = either(faulty.evaluates, right.evaluates, when);
    decide.exchanges = either(faulty.exchanges, right.exchanges, when);
    decide.exchanges_with = either(faulty.exchanges_with, right.exchanges_with, when);
    decide.arrives = either(faulty.arrives, right.arrives, when, occasion.where);
    decide.reports = either(faulty.reports, right.reports, when);
    decide.disturbs = either(faulty.disturbs, right.disturbs, when);
    decide.clears_before = either(faulty.clears_before, right.clears_before, when);
    decide.clips = either(faulty.clips, right.clips, when);
    decide.steps = either(faulty.steps, right.steps, when);
    decide.skips = either(faulty.skips, right.skips, when);
    decide.decays = either(faulty.decays, right.decays, when);
    decide.counts = either(faulty.counts, right.counts, when);
    decide.averages = either(faulty.averages, right.averages, when);
    decide.schedule_steps = either(faulty.schedule_steps, right.schedule_steps, when);
    if (occasion.where == Reach::some_parameters) return in_some_parameters(decide, right);
    return decide;
}

}  // namespace isobatch
