#include <algorithm>

#include <fmt/format.h>

#include "judge/judge.h"

namespace isobatch {

namespace {

/// Follows one rank's events: what is in the accumulator decides what may come next.
class Accumulator {
public:
    /// A sentence when this event breaks the life cycle backward… → reduce → step → zero.
    std::string after(const std::string& event) {
        if (event.starts_with("backward")) {
            const bool stale = stepped_ && !cleared_;
            stepped_ = cleared_ = false;
            ++pending_;
            ++unexchanged_;
            return stale ? "the gradients were not cleared between a step and the next backward" : "";
        }
        if (event == "restart") cleared_ = true;  // no run begins with gradients
        if (event == "zero") {
            const bool inside = pending_ > 0;
            cleared_ = true;
            return inside ? fmt::format("the gradients were cleared after {} backward(s) of an unfinished window",
                                        pending_)
                          : "";
        }
        if (event == "reduce") {
            exchanged_ = true;
            unexchanged_ = 0;
        }
        if (event == "step") {
            const int late = exchanged_ ? unexchanged_ : 0;
            stepped_ = true;
            cleared_ = exchanged_ = false;
            pending_ = unexchanged_ = 0;
            if (late > 0) return fmt::format("{} backward(s) of the window came after its exchange", late);
        }
        return "";
    }

private:
    int pending_ = 0;      ///< backwards since the last step
    int unexchanged_ = 0;  ///< of these, since the last exchange
    bool stepped_ = false, cleared_ = false, exchanged_ = false;
};

/// A sentence when the events are not those of the step's micros and of one update.
std::string miscounted(const Step& step) {
    const auto count = [&](const std::string& event) {
        return std::count(step.events.begin(), step.events.end(), event);
    };
    for (const Micro& micro : step.micros)
        if (const auto backwards = count(fmt::format("backward {}", micro.index)); backwards != 1)
            return fmt::format("{} backward(s) of micro {}", backwards, micro.index);
    const auto all = std::count_if(step.events.begin(), step.events.end(),
                                   [](const std::string& event) { return event.starts_with("backward"); });
    if (all != std::ssize(step.micros)) return fmt::format("{} backward(s) of {} micros", all, step.micros.size());
    if (step.number && count("step") != 1) return fmt::format("{} optimizer steps in one", count("step"));
    return "";
}

}  // namespace

CheckResult check_events(const Trace& candidate) {
    CheckResult result{.check = Check::events};
    for (std::size_t rank = 0; rank < candidate.ranks.size(); ++rank) {
        Accumulator accumulator;
        for (std::size_t k = 0; k < candidate.ranks[rank].size(); ++k) {
            const Step& step = candidate.ranks[rank][k];
            const auto red = [&](const std::string& breach) {
                if (breach.empty() || result.first) return;
                result.outcome = Outcome::divergent;
                result.first = result.worst = Place{static_cast<std::int64_t>(k + 1), static_cast<int>(rank), "", -1};
                result.message = breach;
            };
            for (const std::string& event : step.events) red(accumulator.after(event));
            red(miscounted(step));
        }
    }
    return result;
}

}  // namespace isobatch
