/// Lets a law fail on a planted fault, and compares the split that its counterexample shrinks to with the smallest one
/// that shows the fault, which is found by trying all from the smallest on. tests/campaign/shrinks.py reads the
/// answers.
///
///   isobatch-shrinks SEED FAULT…      a line of JSON for each fault
#include <iostream>

#include <rapidcheck.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cases/faults/faults.h"
#include "plan/fault.h"
#include "run/generators.h"
#include "run/matrix.h"

namespace isobatch {

namespace {

constexpr std::int64_t largest = 24;  ///< effective batch that a law begins with

Trial with_fault(Trial trial, const FaultEntry& fault) {
    trial.fault = fault.id;
    trial.trajectory = fault.red == std::vector{Check::trajectory} ? 4 : 0;
    if (fault.cause == Cause::two_level_order) trial.engine = "serial:inner=1";
    return suited(trial, fault);
}

bool is_red(const Trial& trial) {
    return Matrix(plant, {}).run(trial).verdict.outcome == Outcome::divergent;
}

/// Whether any of some data sets shows the fault in the split.
bool can_show(const Split& split, const FaultEntry& fault) {
    const std::int64_t effective = split.effective();
    for (const std::int64_t samples : {effective, effective + 1, 3 * effective - 1, 3 * effective})
        for (const std::uint64_t seed : {1, 2, 3, 4})
            for (const int copies : {1, 2}) {
                Trial trial{.subject = "mlp", .split = split, .seed = seed, .samples = samples, .copies = copies};
                if (samples > 0 && is_red(with_fault(trial, fault))) return true;
            }
    return false;
}

/// The effective batch of the smallest split that shows the fault; 0 where none up to `largest` does.
std::int64_t smallest_for(const FaultEntry& fault) {
    for (std::int64_t effective = 1; effective <= largest; ++effective)
        for (const Split& split : splits_of({.effective = effective}))
            if (can_show(split, fault)) return effective;
    return 0;
}

Json shrunk(const FaultEntry& fault, std::uint64_t seed) {
    std::string first;
    std::optional<Trial> last;
    int tried = 0;
    const auto law = [&] {
        const Trial trial = with_fault(*any_trial("mlp", largest), fault);
        ++tried;
        if (!is_red(trial)) return;
        if (!last) first = to_string(trial.split);
        last = trial;  // shrinking goes on from what fails, and ends with the last that did
        RC_FAIL("red");
    };
    rc::detail::TestParams params;
    params.seed = seed;
    params.maxSuccess = 200;
    rc::detail::checkTestable(law, rc::detail::TestMetadata{}, params);
    if (!last) return {{"fault", fault.id}, {"failed", false}};
    return {{"fault", fault.id},
            {"failed", true},
            {"from", first},
            {"to", to_string(last->split)},
            {"effective", last->split.effective()},
            {"smallest", smallest_for(fault)},
            {"still_fails", is_red(parse_trial(to_string(*last)))},
            {"trial", to_string(*last)},
            {"tried", tried}};
}

}  // namespace

}  // namespace isobatch

int main(int count, char** words) {
    try {
        if (count < 3) throw isobatch::Error("no fault is named", "isobatch-shrinks", "give a seed and faults");
        const auto seed = isobatch::whole_number(words[1]);
        if (!seed) throw isobatch::Error("the seed is no whole number", "isobatch-shrinks", "give one");
        for (int i = 2; i < count; ++i)
            std::cout << isobatch::shrunk(isobatch::find_fault(words[i]), static_cast<std::uint64_t>(*seed)).dump()
                      << std::endl;
        return 0;
    } catch (const isobatch::Error& error) {
        std::cerr << error.what() << '\n';
        return 2;
    }
}
