#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/cause.h"
#include "plan/check.h"
#include "plan/layout.h"
#include "plan/occasion.h"
#include "plan/trial.h"

namespace isobatch {

/// A trial with these shows a fault that not every one can show, whatever its counts; empty: any does.
struct Needs {
    std::string subject = {};  ///< the case whose loss it gets wrong
    std::string optimizer = {};
    std::optional<Recipe> recipe = std::nullopt;
    int restart_in = 0;  ///< the epoch after whose first update the run is restarted; 0: never
    std::string identities = {};
    std::string device = {};  ///< the kind of device whose kernels get it wrong: elsewhere it cannot even be planted

    bool operator==(const Needs&) const = default;
};

/// What is known of a planted fault without running it: where it can matter, and which checks must and must not notice.
struct FaultEntry {
    std::string id;
    std::optional<Cause> cause;  ///< none: every value stays right, and only the price is wrong. unknown: not named yet
    std::vector<Check> red;      ///< the checks that notice it where it has power
    /// Whether the fault changes anything in these windows; where it does not, a trial must not be red.
    bool (*power)(const std::vector<WindowLayout>& windows);
    std::vector<Check> may = {};  ///< checks that notice it in some of these windows only
    /// false: whether it matters where it has power depends on more than counts, as on the norm of a micro's gradient.
    bool certain = true;
    /// Whether it may happen in some windows only: what it changes is decided window by window, and does not reach the
    /// next one.
    bool timed = true;
    /// Whether it changes what this scored micro adds to the gradient, in a fault that is decided micro by micro and
    /// may therefore reach some micros only; none: it is not.
    bool (*touches)(const WindowLayout& window, const MicroCount& micro) = nullptr;
    Needs needs = {};
    std::string meaning = {};  ///< what it does, as a sentence; empty: what its cause says
    std::string seen_in = {};  ///< likewise, public threads
};

/// What the fault does, as a sentence, and public threads where it was seen.
std::string meaning(const FaultEntry& fault);
std::string precedent(const FaultEntry& fault);

const std::vector<FaultEntry>& fault_catalogue();

/// After which update that is, where an epoch has so many.
inline int restart_in(int epoch, std::int64_t windows) {
    return static_cast<int>((epoch - 1) * windows + 1);
}

/// The trial as one in which the fault can matter: with what it needs, as far as its run is long enough, but for a
/// device, which nobody can give.
Trial suited(Trial trial, const FaultEntry& fault);

/// Why nobody can plant it in a trial on this device; empty: one can.
std::string why_not_planted(const FaultEntry& fault, std::string_view device);
/// The entries that can be planted there.
std::vector<FaultEntry> faults_on(std::string_view device);

/// Whether the trial's case is one that the fault can matter in.
bool is_of_its_case(const Trial& trial, const FaultEntry& fault);

/// The checks that must notice it there. A loss has no parameters.
std::vector<Check> red_checks(const FaultEntry& fault, const Occasion& occasion);

/// The checks that must not notice it: the others. Which identities do is tests/run/twins_test.cpp's to say.
std::vector<Check> green_checks(const FaultEntry& fault);

/// Throws Error naming the nearest id.
const FaultEntry& find_fault(std::string_view id);

/// A fault, and when and where it happens.
struct PlantedFault {
    const FaultEntry* entry;
    Occasion occasion = {};
};

/// `ID`, or with a timing, a reach or both: `ID@TIMING@REACH`. Throws Error naming --fault.
PlantedFault parse_fault(std::string_view text);

/// Whether it changes anything in these windows of a run.
bool has_power(const PlantedFault& fault, const std::vector<WindowLayout>& windows);

}  // namespace isobatch
