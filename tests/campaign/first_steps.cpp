/// Plants a fault in every split of a batch, at every time that it may have, and compares the first step that is red
/// with the first window that the fault changes anything in. tests/campaign/first_steps.py reads the answers.
///
///   isobatch-first-steps FAULT…       a line of JSON for each fault
#include <iostream>
#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "cases/faults/faults.h"
#include "plan/fault.h"
#include "plan/isobatch.h"
#include "run/matrix.h"

namespace isobatch {

namespace {

constexpr int epochs = 2;

Trial with_fault(const Split& split, Recipe recipe, const FaultEntry& fault, Timing when) {
    Trial trial{.subject = "mlp", .split = split, .recipe = recipe, .samples = 21, .epochs = epochs};
    trial.fault = when == Timing::always ? fault.id : fault.id + "@" + to_string(when);
    trial.trajectory = fault.red == std::vector{Check::trajectory} ? 4 : 0;
    trial.copies = fault.cause == Cause::wrong_group_divisor ? 2 : 1;
    if (fault.cause == Cause::two_level_order) trial.engine = "serial:inner=1";
    if (when == Timing::after_restart) trial.restart = 2;
    return suited(trial, fault);
}

/// How a right run of it cuts its windows.
const std::vector<WindowLayout>& layouts(Trial trial) {
    static std::map<std::string, std::vector<WindowLayout>> known;
    trial.fault.clear();
    const auto found = known.find(to_string(trial));
    if (found != known.end()) return found->second;
    return known[to_string(trial)] = layouts_of(run_trial(make_setup(trial), Level::losses, nullptr, std::nullopt));
}

/// The first window at whose end it has changed anything; 0 where none has.
std::int64_t acts_in(const Trial& trial) {
    const PlantedFault fault = parse_fault(trial.fault);
    std::vector<WindowLayout> before;
    for (const WindowLayout& window : layouts(trial)) {
        before.push_back(window);
        if (has_power(fault, before)) return std::ssize(before);
    }
    return 0;
}

/// The first step that a red check names; 0 where it is the whole run, as of a window that is missing.
std::int64_t first_red(const Verdict& verdict) {
    std::int64_t first = 0;
    for (const CheckResult& result : verdict.checks)
        if (result.outcome == Outcome::divergent && result.first && result.first->step > 0)
            first = first == 0 ? result.first->step : std::min(first, result.first->step);
    return first;
}

Json answer(const FaultEntry& fault) {
    std::int64_t red = 0, at_once = 0, earlier = 0, whole = 0;
    Json later = Json::array();
    for (const Recipe recipe : {Recipe::fp64, Recipe::fp32}) {
        Matrix matrix(plant, {});
        for (const Timing when : all_timings) {
            if (when != Timing::always && !fault.timed) continue;
            for (const Split& split : splits_of({.effective = 8, .max_devices = 4})) {
                const Trial trial = with_fault(split, fault.needs.recipe.value_or(recipe), fault, when);
                const std::int64_t acting = acts_in(trial);
                if (acting == 0) continue;
                const Verdict verdict = matrix.run(trial).verdict;
                if (verdict.outcome != Outcome::divergent) continue;  // whether it is found, other campaigns ask
                ++red;
                const std::int64_t step = first_red(verdict);
                whole += step == 0;
                at_once += step == acting;
                earlier += step > 0 && step < acting;
                if (step > acting) later.push_back({{"trial", to_string(trial)}, {"acts", acting}, {"red", step}});
            }
        }
    }
    return {{"fault", fault.id},  {"red", red},     {"at_once", at_once},
            {"earlier", earlier}, {"whole", whole}, {"later", later}};
}

}  // namespace

}  // namespace isobatch

int main(int count, char** words) {
    try {
        if (count < 2) throw isobatch::Error("no fault is named", "isobatch-first-steps", "give faults");
        for (int i = 1; i < count; ++i)
            std::cout << isobatch::answer(isobatch::find_fault(words[i])).dump() << std::endl;
        return 0;
    } catch (const isobatch::Error& error) {
        std::cerr << error.what() << '\n';
        return 2;
    }
}
