#include "reports/gate/gate.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "reports/changes.h"
#include "reports/gate/margin.h"
#include "reports/gate/times.h"
#include "reports/terminal.h"

namespace isobatch {

namespace {

constexpr Aspect all_aspects[] = {Aspect::run,    Aspect::trial,       Aspect::outcome, Aspect::cause,
                                  Aspect::margin, Aspect::collectives, Aspect::memory,  Aspect::throughput};

Stand stand_of(const Baseline& baseline) {
    Stand stand{{}, baseline.causes, baseline.outcome};
    for (const Standing& standing : baseline.trials) stand.outcomes[to_string(standing.trial)] = standing.outcome;
    return stand;
}

/// Outcomes and causes, as `report --compare` finds them; and what only a gate asks: that nothing is gone, and that
/// what is new is right.
void judge_outcomes(Gate& gate, const Baseline& then, const Baseline& now,
                    const std::map<std::string, const Standing*>& current) {
    const Changes changes = changes_between(stand_of(then), stand_of(now));
    const auto repro_of = [&](const std::string& trial) { return current.at(trial)->repro; };
    for (const Change& change : changes.worse) {
        gate.regressed.push_back({Aspect::outcome, change.trial, to_string(*change.before), to_string(*change.after),
                                  repro_of(change.trial)});
        gate.crashed |= unanswered(*change.after);
    }
    for (const Change& change : changes.added) {
        const bool right = *change.after <= Outcome::equivalent;
        (right ? gate.better : gate.regressed)
            .push_back({right ? Aspect::trial : Aspect::outcome, change.trial, "absent", to_string(*change.after),
                        repro_of(change.trial)});
        gate.crashed |= unanswered(*change.after);
    }
    for (const Change& change : changes.gone)
        gate.regressed.push_back({Aspect::trial, change.trial, to_string(*change.before), "absent", then.command});
    for (const Change& change : changes.better)
        gate.better.push_back({Aspect::outcome, change.trial, to_string(*change.before), to_string(*change.after),
                               repro_of(change.trial)});
    for (const std::string& cause : changes.new_causes)
        gate.regressed.push_back({Aspect::cause, "", "absent", cause, now.command});
    for (const std::string& cause : changes.gone_causes)
        gate.better.push_back({Aspect::cause, "", cause, "absent", now.command});
    // No trial is worse, but a claim lost the trials that could have broken it.
    if (changes.before < changes.after && changes.worse.empty() && changes.added.empty())
        gate.regressed.push_back({Aspect::run, "", fmt::format("{}: {}", to_string(then.outcome), then.summary),
                                  fmt::format("{}: {}", to_string(now.outcome), now.summary), now.command});
}

void judge_margin(Gate& gate, const Standing& then, const Standing& now) {
    if (now.margins.empty() || then.outcome > Outcome::equivalent) return;  // its outcome says enough
    const double bound = largest_margin(then.margins, now.trial.recipe);
    if (now.margins.back() <= bound) return;
    gate.regressed.push_back(
        {Aspect::margin, to_string(now.trial),
         fmt::format("{} (the largest of {} seen)", short_number(then.margins.back()), then.margins.size()),
         fmt::format("{}, above {}", short_number(now.margins.back()), short_number(bound)), now.repro});
}

/// A count that two runs of one program share to the last digit.
void judge_count(Gate& gate, Aspect aspect, const Standing& trial, double then, double now, std::string_view unit) {
    if (then == now) return;
    (now > then ? gate.regressed : gate.better)
        .push_back({aspect, to_string(trial.trial), fmt::format("{:.16g} {}", then, unit),
                    fmt::format("{:.16g} {}", now, unit), trial.repro});
}

void judge_counts(Gate& gate, const Standing& then, const Standing& now, bool same_software) {
    if (unanswered(now.outcome) || unanswered(then.outcome)) return;  // nothing was counted
    judge_count(gate, Aspect::collectives, now, static_cast<double>(then.traffic.calls),
                static_cast<double>(now.traffic.calls), "calls");
    judge_count(gate, Aspect::collectives, now, static_cast<double>(then.traffic.bytes),
                static_cast<double>(now.traffic.bytes), "bytes");
    if (then.memory_bytes_peak > 0 && now.memory_bytes_peak > 0 && same_software)
        judge_count(gate, Aspect::memory, now, static_cast<double>(then.memory_bytes_peak),
                    static_cast<double>(now.memory_bytes_peak), "bytes at the peak");
}

std::string or_unknown(const std::string& text) {
    return text.empty() ? "an unknown one" : text;
}

void say_what_is_foreign(Gate& gate, const Baseline& then, const Baseline& now) {
    if (then.machine != now.machine)
        gate.notes.push_back(fmt::format("foreign baseline: measured on {}, this run on {}; times are not compared",
                                         or_unknown(then.machine), or_unknown(now.machine)));
    if (then.software != now.software)
        gate.notes.push_back(
            fmt::format("foreign baseline: made with {}, this run with {}; neither times nor memory are compared",
                        or_unknown(then.software), or_unknown(now.software)));
    if (then.command != now.command)
        gate.notes.push_back(fmt::format("another command: the baseline is of {}", then.command));
}

/// What was not measured is said: green must not read as if it had been.
void say_what_memory_is_not_judged(Gate& gate, const Baseline& then, const Baseline& now) {
    const auto measured = [](const Baseline& one) {
        return std::any_of(one.trials.begin(), one.trials.end(),
                           [](const Standing& s) { return s.memory_bytes_peak > 0; });
    };
    if (measured(then) && measured(now)) return;
    gate.notes.push_back(fmt::format("memory is not judged: {} measured it", measured(then)  ? "only the baseline"
                                                                             : measured(now) ? "only this run"
                                                                                             : "neither run"));
}

std::string sorted_counts(const std::vector<Difference>& differences) {
    std::vector<std::string> parts;
    for (const Aspect aspect : all_aspects) {
        const auto count = std::count_if(differences.begin(), differences.end(),
                                         [&](const Difference& one) { return one.aspect == aspect; });
        if (count > 0) parts.push_back(fmt::format("{} {}", to_string(aspect), count));
    }
    return joined(parts, ", ");
}

}  // namespace

std::string to_string(Aspect aspect) {
    switch (aspect) {
        case Aspect::run:
            return "run";
        case Aspect::trial:
            return "trial";
        case Aspect::outcome:
            return "outcome";
        case Aspect::cause:
            return "cause";
        case Aspect::margin:
            return "margin";
        case Aspect::collectives:
            return "collectives";
        case Aspect::memory:
            return "memory";
        case Aspect::throughput:
            return "throughput";
    }
    broken_promise("aspect", "unknown aspect", __FILE__, __LINE__);
}

bool Gate::open() const {
    return std::any_of(undecided.begin(), undecided.end(), [&](const Difference& one) {
        return std::find(allowed.begin(), allowed.end(), to_string(one.aspect)) == allowed.end();
    });
}

int Gate::exit_code() const {
    if (crashed) return 3;
    if (!regressed.empty()) return 1;
    return open() ? 4 : 0;
}

std::string Gate::summary() const {
    std::string text;
    if (!regressed.empty())
        text = fmt::format("{}: {} worse than in the baseline ({})", crashed ? "Crashed and regressed" : "Regressed",
                           regressed.size() == 1 ? "1 thing is" : fmt::format("{} things are", regressed.size()),
                           sorted_counts(regressed));
    else if (undecided.empty())
        return fmt::format("Not regressed: {} trials are no worse than in the baseline.", trials);
    else
        text = open() ? "Undecided: nothing that could be judged is worse" : "Not regressed in what could be judged";
    if (!undecided.empty())
        text += fmt::format("; undecided{}: {}", open() ? "" : " (allowed)", sorted_counts(undecided));
    return text + ".";
}

Gate gate(const Baseline& then, const Baseline& now, const std::vector<std::string>& allowed) {
    if (const auto it =
            std::find_if(allowed.begin(), allowed.end(), [](const auto& name) { return name != "throughput"; });
        it != allowed.end())
        throw Error(fmt::format("\"{}\" is never undecided", printable(*it)), "--allow-untested",
                    "only throughput may be allowed to stay so");
    Gate gate;
    gate.trials = now.trials.size();
    gate.allowed = allowed;
    gate.command = now.command;
    std::map<std::string, const Standing*> before, current;
    for (const Standing& standing : then.trials) before[to_string(standing.trial)] = &standing;
    for (const Standing& standing : now.trials) current[to_string(standing.trial)] = &standing;
    if (std::none_of(current.begin(), current.end(), [&](const auto& one) { return before.contains(one.first); }))
        throw Error("the baseline is of other trials: " + printable(then.command), printable(now.command),
                    "name the baseline of this command, or make one with --approve in another file");
    say_what_is_foreign(gate, then, now);
    judge_outcomes(gate, then, now, current);
    for (const auto& [trial, standing] : current)
        if (const auto it = before.find(trial); it != before.end()) {
            judge_margin(gate, *it->second, *standing);
            judge_counts(gate, *it->second, *standing, then.software == now.software);
        }
    say_what_memory_is_not_judged(gate, then, now);
    judge_times(gate, then, now);
    return gate;
}

Json to_json(const Gate& gate) {
    const auto list = [](const std::vector<Difference>& differences) {
        Json all = Json::array();
        for (const Difference& one : differences)
            all.push_back({{"aspect", to_string(one.aspect)},
                           {"trial", one.trial},
                           {"before", one.before},
                           {"after", one.after},
                           {"repro", one.repro}});
        return all;
    };
    return {{"schema", "isobatch-gate/1"},
            {"summary", gate.summary()},
            {"exit_code", gate.exit_code()},
            {"regressed", list(gate.regressed)},
            {"undecided", list(gate.undecided)},
            {"better", list(gate.better)},
            {"notes", gate.notes},
            {"allowed_untested", gate.allowed},
            {"trials", gate.trials},
            {"rounds_missing", {{"baseline", gate.then_missing}, {"run", gate.now_missing}}}};
}

}  // namespace isobatch
