#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plan/dialect.h"
#include "plan/settings.h"
#include "plan/split.h"

namespace isobatch {

/// Every so many steps, as one framework says it.
struct Interval {
    Role role;
    std::string name;        ///< in the words of that framework
    std::int64_t value = 0;  ///< the number that was given
    Counts counts = Counts::updates;
    std::int64_t updates = 0;  ///< the same in optimizer updates

    bool operator==(const Interval&) const = default;
};

/// What a configuration says of the effective batch, in isobatch's words.
struct Translation {
    Split split;
    std::int64_t copies = 1;
    std::vector<Interval> intervals;
    std::vector<std::string> assumed;   ///< defaults that were taken, and what the product made of an open factor
    std::vector<std::string> not_read;  ///< names of no concern here
    std::vector<std::string> warnings;

    std::int64_t ranks() const { return split.devices * copies; }
};

/// What the command line says beside the configuration; 0: nothing.
struct Beside {
    std::int64_t effective = 0, devices = 0, copies = 0;
};

/// Throws Error for numbers that contradict each other, leave a remainder or leave a factor open, for `auto` that
/// nothing answers, and for a name that is none of the dialect's but nearly one.
Translation translated(const Dialect& dialect, const std::vector<Setting>& settings, const Beside& asked);

/// The same in another dialect's names. Throws Error where an interval is no whole number of what the name counts.
std::vector<std::pair<const Name*, std::int64_t>> names_in(const Dialect& dialect, const Translation& translation);

}  // namespace isobatch
