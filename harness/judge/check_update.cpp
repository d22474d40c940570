#include <fmt/format.h>

#include "base/text.h"
#include "judge/compare.h"
#include "judge/judge.h"

namespace isobatch {

namespace {

/// What this step recorded of one part of the update; null for nothing.
const Tensor* forced(const Step& step, const std::string& key) {
    const auto it = step.tensors.find("forced/" + key);
    return it == step.tensors.end() ? nullptr : &it->second;
}

}  // namespace

CheckResult check_update(Check check, const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    const std::string kind = check == Check::param ? "param" : "opt";
    CheckResult result{.check = check};
    const auto note = [&](Outcome outcome, const Place& place, std::string message) {
        if (outcome > result.outcome) {
            result.first = result.worst = place;
            result.message = std::move(message);
        }
        result.outcome = worst(result.outcome, outcome);
    };
    each_judged(yardstick, candidate, alignment, [&](std::size_t k, int rank, const WindowScale& window) {
        const Step& step = candidate.ranks[static_cast<std::size_t>(rank)][k];
        for (const auto& [key, expected] : window.update) {
            if (!key.starts_with(kind + "/")) continue;
            const Place place{static_cast<std::int64_t>(k + 1), rank, key, -1};
            const Tensor* found = forced(step, key);
            if (!found)  // never a silent pass
                note(Outcome::inconclusive, place,
                     fmt::format("the trace does not hold \"forced/{}\", what the optimizer makes of the reference's "
                                 "gradient",
                                 printable(key)));
            else if (!identical(*found, expected))
                note(Outcome::divergent, place,
                     fmt::format("from the same state and the same gradient, step {} of rank {} leaves another \"{}\"",
                                 k + 1, rank, printable(key)));
        }
        const std::string all = "forced/";
        for (const auto& [key, tensor] : step.tensors)
            if (key.starts_with(all + kind + "/") && !window.update.contains(key.substr(all.size())))
                note(Outcome::divergent, {static_cast<std::int64_t>(k + 1), rank, key.substr(all.size()), -1},
                     fmt::format("step {} of rank {} leaves \"{}\", which the reference has not", k + 1, rank,
                                 printable(key.substr(all.size()))));
        const auto overflow = step.made.find("overflow");
        if (check == Check::param && loss_scale(yardstick.recipe) != 1 && overflow == step.made.end())
            note(Outcome::inconclusive, {static_cast<std::int64_t>(k + 1), rank, "", -1},
                 fmt::format("the trace does not tell what step {} of rank {} makes of an infinite gradient", k + 1,
                             rank));
        else if (check == Check::param && overflow != step.made.end() &&
                 overflow->second.found != overflow->second.owed)
            note(Outcome::divergent, {static_cast<std::int64_t>(k + 1), rank, overflow->second.first, -1},
                 fmt::format("step {} of rank {} changes \"{}\" by an infinite gradient, where losses are scaled",
                             k + 1, rank, printable(overflow->second.first)));
        const auto made = step.made.find(kind);
        if (made == step.made.end())
            note(Outcome::inconclusive, {static_cast<std::int64_t>(k + 1), rank, "", -1},
                 fmt::format("the trace does not tell what step {} of rank {} made of its own gradient", k + 1, rank));
        else if (made->second.found != made->second.owed)
            note(Outcome::divergent, {static_cast<std::int64_t>(k + 1), rank, made->second.first, -1},
                 fmt::format("step {} of rank {} leaves another \"{}\" than a right update of its own gradient does",
                             k + 1, rank, printable(made->second.first)));
    });
    return result;
}

}  // namespace isobatch
