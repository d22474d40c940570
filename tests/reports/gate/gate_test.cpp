#include "reports/gate/gate.h"

#include <functional>

#include "tests/base/expect.h"
#include "tests/reports/gate/small_gate.h"

namespace isobatch {
namespace {

/// The same as the small baseline, but for what `change` does.
Gate after(const std::function<void(Baseline&)>& change, const Baseline& then = small_baseline()) {
    Baseline now = small_baseline();
    change(now);
    return gate(then, now, {});
}

/// The only thing that is worse.
Difference worse(const Gate& answer) {
    EXPECT_EQ(answer.regressed.size(), 1u);
    EXPECT_EQ(answer.exit_code(), 1);
    return answer.regressed.empty() ? Difference{} : answer.regressed[0];
}

TEST(GateOf, ARunAndItselfAreNotRegressed) {
    const Gate answer = gate(small_baseline(), small_baseline(), {});
    EXPECT_EQ(answer.exit_code(), 0);
    EXPECT_EQ(answer.summary(), "Not regressed: 3 trials are no worse than in the baseline.");
    EXPECT_TRUE(answer.notes.empty() && answer.better.empty());
}

TEST(GateOf, SeesAnOutcomeThatIsWorse) {
    const Difference found = worse(after([](Baseline& now) { now.trials[1].outcome = Outcome::divergent; }));
    EXPECT_EQ(found.aspect, Aspect::outcome);
    EXPECT_TRUE(found.trial.starts_with("gpt --splits 2x2x1 "));
    EXPECT_EQ(found.before + " " + found.after, "equivalent divergent");
    EXPECT_EQ(found.repro, small_baseline().trials[1].repro);
}

TEST(GateOf, ACrashIsACrash) {
    const Gate answer = after([](Baseline& now) {
        now.trials[1].outcome = Outcome::crashed;
        now.trials[1].traffic = {};
        now.trials[1].memory_bytes_peak = 0;
        now.trials[1].margins = {};
    });
    EXPECT_EQ(answer.exit_code(), 3);
    EXPECT_EQ(answer.regressed.size(), 1u);
    EXPECT_TRUE(answer.better.empty()) << "that nothing was counted is no progress";
    EXPECT_TRUE(says(answer.summary(), "Crashed and regressed: 1 thing is worse than in the baseline (outcome 1)"));
    Baseline crashed = small_baseline();
    crashed.trials[1].outcome = Outcome::crashed;
    EXPECT_EQ(gate(crashed, crashed, {}).exit_code(), 0) << "it crashed before";
    EXPECT_EQ(after([](Baseline&) {}, crashed).better.size(), 1u);
}

TEST(GateOf, SeesATrialThatIsGone) {
    const Difference found = worse(after([](Baseline& now) { now.trials.pop_back(); }));
    EXPECT_EQ(found.aspect, Aspect::trial);
    EXPECT_EQ(found.after, "absent");
    EXPECT_EQ(found.repro, "isobatch check gpt --effective 4") << "what would have run it";
}

TEST(GateOf, ANewTrialHasToBeRight) {
    Baseline then = small_baseline();
    then.trials.pop_back();
    const Gate right = after([](Baseline&) {}, then);
    EXPECT_EQ(right.exit_code(), 0);
    EXPECT_EQ(right.better.at(0).aspect, Aspect::trial);
    const Gate wrong = after([](Baseline& now) { now.trials[2].outcome = Outcome::inconclusive; }, then);
    EXPECT_EQ(worse(wrong).before, "absent");
    for (const Outcome none : {Outcome::crashed, Outcome::out_of_memory})
        EXPECT_EQ(after([&](Baseline& now) { now.trials[2].outcome = none; }, then).exit_code(), 3);
}

TEST(GateOf, SeesACauseThatIsNew) {
    const Difference found = worse(after([](Baseline& now) { now.causes = {"gpt: unknown"}; }));
    EXPECT_EQ(found.aspect, Aspect::cause);
    EXPECT_EQ(found.after, "gpt: unknown");
    EXPECT_EQ(found.repro, "isobatch check gpt --effective 4");
    Baseline then = small_baseline();
    then.causes = {"gpt: unknown"};
    EXPECT_EQ(after([](Baseline&) {}, then).better.at(0).before, "gpt: unknown");
}

TEST(GateOf, SeesAMarginThatGrew) {
    const Difference found = worse(after([](Baseline& now) { now.trials[1].margins = {0.125, 0.2501}; }));
    EXPECT_EQ(found.aspect, Aspect::margin);
    EXPECT_EQ(found.before, "0.125 (the largest of 1 seen)");
    EXPECT_EQ(found.after, "0.25, above 0.25");
    EXPECT_EQ(after([](Baseline& now) { now.trials[1].margins = {0.25}; }).exit_code(), 0);
    Baseline then = small_baseline();
    then.trials[1].outcome = Outcome::divergent;
    EXPECT_EQ(after([](Baseline& now) { now.trials[1].margins = {0.9}; }, then).exit_code(), 0);
}

TEST(GateOf, CountsAreComparedExactly) {
    const auto counted = [](auto change) { return [change](Baseline& now) { change(now.trials[2]); }; };
    const auto calls = after(counted([](Standing& trial) { ++trial.traffic.calls; }));
    EXPECT_EQ(worse(calls).aspect, Aspect::collectives);
    EXPECT_EQ(worse(calls).before + " " + worse(calls).after, "24 calls 25 calls");
    EXPECT_EQ(worse(after(counted([](Standing& trial) { ++trial.traffic.bytes; }))).after, "4097 bytes");
    const auto memory = after(counted([](Standing& trial) { ++trial.memory_bytes_peak; }));
    EXPECT_EQ(worse(memory).aspect, Aspect::memory);
    EXPECT_EQ(worse(memory).after, "1001 bytes at the peak");
    const auto less = after(counted([](Standing& trial) { --trial.traffic.calls, --trial.memory_bytes_peak; }));
    EXPECT_EQ(less.exit_code(), 0);
    EXPECT_EQ(less.better.size(), 2u);
}

TEST(GateOf, MemoryIsComparedWhereBothMeasuredIt) {
    const auto unmeasured = [](Baseline& one) {
        for (Standing& trial : one.trials) trial.memory_bytes_peak = 0;
    };
    EXPECT_EQ(after([](Baseline& now) { now.trials[2].memory_bytes_peak = 0; }).better.size(), 0u);
    EXPECT_EQ(after(unmeasured).notes.at(0), "memory is not judged: only the baseline measured it");
    EXPECT_EQ(after(unmeasured).better.size(), 0u);
    Baseline neither = small_baseline();
    unmeasured(neither);
    EXPECT_EQ(after([](Baseline&) {}, neither).notes.at(0), "memory is not judged: only this run measured it");
    EXPECT_EQ(after(unmeasured, neither).notes.at(0), "memory is not judged: neither run measured it");
    Baseline then = small_baseline();
    then.trials[2].memory_bytes_peak = 0;
    EXPECT_EQ(after([](Baseline&) {}, then).exit_code(), 0);
}

TEST(GateOf, AWholeThatIsWorseThoughNoTrialIs) {
    const Difference found = worse(after([](Baseline& now) {
        now.outcome = Outcome::inconclusive;
        now.summary = "nothing here could have shown a fault of: tail.";
    }));
    EXPECT_EQ(found.aspect, Aspect::run);
    EXPECT_EQ(found.after, "inconclusive: nothing here could have shown a fault of: tail.");
}

TEST(GateOf, AForeignBaselineIsSaidAndItsStructureStillJudged) {
    const Gate machine = after([](Baseline& now) { now.machine = "another"; });
    EXPECT_EQ(machine.exit_code(), 4);
    EXPECT_TRUE(says(machine.notes.at(0), "measured on x86-64, Model 9, this run on another"));
    EXPECT_EQ(machine.undecided.size(), 1u);
    EXPECT_TRUE(machine.foreign);
    const auto bigger = [](Baseline& now) { now.trials[1].memory_bytes_peak = 4000; };
    EXPECT_EQ(after([&](Baseline& now) { now.machine = "another", bigger(now); }).exit_code(), 1);
    const Gate libraries = after([&](Baseline& now) { now.software = "", bigger(now); });
    EXPECT_EQ(libraries.exit_code(), 4) << "memory is not compared either";
    EXPECT_TRUE(says(libraries.notes.at(0), "made with libtorch 2.11.0, this run with an unknown one"));
    EXPECT_TRUE(says(after([](Baseline& now) { now.command = "other"; }).notes.at(0), "another command"));
    const Gate worse_too = after([](Baseline& now) { now.machine = "", now.trials[1].outcome = Outcome::divergent; });
    EXPECT_EQ(worse_too.exit_code(), 1);
}

TEST(GateOf, ABaselineOfOtherTrialsIsMisuse) {
    Baseline then = small_baseline();
    for (Standing& standing : then.trials) standing.trial.seed = 2;
    const Error error = error_of([&] { after([](Baseline&) {}, then); });
    EXPECT_EQ(error.exit_code(), 2);
    EXPECT_TRUE(says(error.next(), "--approve in another file"));
}

TEST(GateOf, WhatIsUndecidedMayBeAllowedByName) {
    Baseline now = small_baseline();
    now.machine = "another";
    EXPECT_EQ(gate(small_baseline(), now, {"throughput"}).exit_code(), 0);
    EXPECT_EQ(gate(small_baseline(), now, {"throughput"}).summary(),
              "Not regressed in what could be judged; undecided (allowed): throughput 1.");
    EXPECT_EQ(gate(small_baseline(), now, {}).summary(),
              "Undecided: nothing that could be judged is worse; undecided: throughput 1.");
    for (const char* name : {"memory", "tail", ""})
        EXPECT_EQ(error_of([&] { gate(small_baseline(), now, {"throughput", name}); }).where(), "--allow-untested");
}

TEST(GateOf, TheSentenceCountsByAspect) {
    const Gate answer = after([](Baseline& now) {
        ++now.trials[1].traffic.calls;
        ++now.trials[2].traffic.bytes;
        now.causes = {"gpt: unknown"};
    });
    EXPECT_EQ(answer.summary(), "Regressed: 3 things are worse than in the baseline (cause 1, collectives 2).");
}

TEST(GateJson, HoldsAllOfIt) {
    const Json json = to_json(after([](Baseline& now) { now.machine = "another", ++now.trials[1].traffic.calls; }));
    EXPECT_EQ(json.at("schema"), "isobatch-gate/1");
    EXPECT_EQ(json.at("exit_code"), 1);
    EXPECT_EQ(json.at("regressed")[0].at("aspect"), "collectives");
    EXPECT_EQ(json.at("regressed")[0].at("before"), "24 calls");
    EXPECT_EQ(json.at("undecided").size(), 1u);
    EXPECT_EQ(json.at("trials"), 3);
    EXPECT_EQ(json.at("notes").size(), 1u);
}

TEST(Aspects, HaveNamesOfTheirOwn) {
    std::set<std::string> names;
    for (const Aspect aspect : {Aspect::run, Aspect::trial, Aspect::outcome, Aspect::cause, Aspect::margin,
                                Aspect::collectives, Aspect::memory, Aspect::throughput})
        names.insert(to_string(aspect));
    EXPECT_EQ(names.size(), 8u);
}

}  // namespace
}  // namespace isobatch
