#include <fmt/format.h>

#include "judge/judge.h"

namespace isobatch {

namespace {

/// A sentence when the step's counts or learning rates differ from the window's.
std::string breach_of(const Step& step, const WindowScale& window) {
    if (step.counters.optimizer_steps != window.counters.optimizer_steps)
        return fmt::format("{} optimizer steps after window {}, the reference has {}", step.counters.optimizer_steps,
                           window.step, window.counters.optimizer_steps);
    if (step.counters.scheduler_steps != window.counters.scheduler_steps)
        return fmt::format("{} schedule steps after window {}, the reference has {}", step.counters.scheduler_steps,
                           window.step, window.counters.scheduler_steps);
    if (step.counters.ema_updates != window.counters.ema_updates)
        return fmt::format("{} EMA updates after window {}, the reference has {}", step.counters.ema_updates,
                           window.step, window.counters.ema_updates);
    if (step.lr.size() != window.lr.size())
        return fmt::format("{} learning rates, the reference has {}", step.lr.size(), window.lr.size());
    for (std::size_t group = 0; group < step.lr.size(); ++group)
        if (step.lr[group] != window.lr[group])
            return fmt::format("learning rate {} in window {}, the reference has {}", step.lr[group], window.step,
                               window.lr[group]);
    return "";
}

}  // namespace

CheckResult check_step(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    CheckResult result{.check = Check::step};
    const auto red = [&](std::int64_t step, int rank, std::string message) {
        if (result.first) return;
        result.outcome = Outcome::divergent;
        result.first = result.worst = Place{step, rank, "", -1};
        result.message = std::move(message);
    };
    for (std::size_t rank = 0; rank < candidate.ranks.size(); ++rank) {
        const std::vector<Step>& steps = candidate.ranks[rank];
        for (std::size_t k = 0; k < steps.size(); ++k) {
            const std::int64_t number = steps[k].number.value_or(0);
            if (number != static_cast<std::int64_t>(k + 1))
                red(static_cast<std::int64_t>(k + 1), static_cast<int>(rank),
                    number == 0 ? fmt::format("step {} has no number: its window was not finished", k + 1)
                                : fmt::format("step {} is numbered {}", k + 1, number));
            if (!alignment.window[k]) continue;
            std::string breach = breach_of(steps[k], yardstick.windows[*alignment.window[k]]);
            if (!breach.empty()) red(static_cast<std::int64_t>(k + 1), static_cast<int>(rank), std::move(breach));
        }
        if (steps.size() != yardstick.windows.size())
            red(0, static_cast<int>(rank),
                fmt::format("{} optimizer steps in all, the reference has {}", steps.size(), yardstick.windows.size()));
    }
    return result;
}

}  // namespace isobatch
