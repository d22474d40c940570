#include <fmt/format.h>

#include "base/text.h"
#include "judge/judge.h"

namespace isobatch {

CheckResult check_buffers(const Yardstick& yardstick, const Trace& candidate, const Alignment& alignment) {
    CheckResult result{.check = Check::buffers};
    each_judged(yardstick, candidate, alignment, [&](std::size_t k, int rank, const WindowScale&) {
        const Step& step = candidate.ranks[static_cast<std::size_t>(rank)][k];
        const auto made = step.made.find("buffer");
        const bool told = made != step.made.end();
        const Outcome outcome = !told                                     ? Outcome::inconclusive
                                : made->second.found != made->second.owed ? Outcome::divergent
                                                                          : Outcome::identical;
        if (outcome > result.outcome) {
            result.first = result.worst =
                Place{static_cast<std::int64_t>(k + 1), rank, told ? made->second.first : std::string(), -1};
            result.message =
                told ? fmt::format("step {} of rank {} leaves another \"{}\" than forwards of its own micro-batches do",
                                   k + 1, rank, printable(made->second.first))
                     : fmt::format("the trace does not tell what step {} of rank {} left in the model's buffers", k + 1,
                                   rank);
        }
        result.outcome = worst(result.outcome, outcome);
    });
    return result;
}

}  // namespace isobatch
