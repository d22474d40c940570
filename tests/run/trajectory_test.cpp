#include "run/trajectory.h"

#include <cmath>
#include <cstdio>
#include <set>

#include <gtest/gtest.h>

#include "../base/expect.h"
#include "cases/faults/faults.h"
#include "diagnose/diagnose.h"
#include "run/matrix.h"
#include "run/reference.h"
#include "small_trial.h"

namespace isobatch {

namespace {

Trial asked(const char* subject, const Split& split, Recipe recipe, int epochs = 6) {
    Trial trial = small_trial(split, recipe);
    trial.subject = subject;
    trial.epochs = epochs;
    trial.trajectory = 8;
    return trial;
}

Trace freely(const isobatch::Setup& setup) {
    return run_trial(setup, Level::losses, nullptr, std::nullopt);
}

}  // namespace

TEST(Trajectory, TrustedRunsAreCutInOtherWaysAndDifferByRoundingOnly) {
    const Trial trial = asked("mlp", {4, 1, 1}, Recipe::fp64);
    Trace reference = make_reference(trial);
    std::set<std::string> cuts;
    std::set<double> scales;
    add_trusted_runs(reference, make_setup(trial), [&](const isobatch::Setup& setup) {
        scales.insert(setup.window(setup.batches()[0]).scale);
        const Trace trace = freely(setup);
        std::string text;
        for (const Step& step : trace.ranks[0])
            for (const Micro& micro : step.micros) text += std::to_string(micro.samples.size()) + " ";
        cuts.insert(text);
        return trace;
    });
    EXPECT_EQ(cuts.size(), 8u);
    EXPECT_EQ(scales, (std::set<double>{1, 3, 5, 7}));
    for (const Step& step : reference.ranks[0]) {
        ASSERT_EQ(step.free_losses.size(), 8u);
        for (const double loss : step.free_losses) EXPECT_NEAR(loss, *step.loss, 1e-12);
    }
}

TEST(Trajectory, WhereAMicroCouplesItsSamplesTrustedRunsReorderTheMicros) {
    const Trial trial = asked("contrastive", {2, 2, 1}, Recipe::fp64);
    Trace reference = make_reference(trial);
    std::set<std::string> orders;
    add_trusted_runs(reference, make_setup(reference_of(trial, true)), [&](const isobatch::Setup& setup) {
        const Trace trace = freely(setup);
        std::string text;
        for (const Step& step : trace.ranks[0])
            for (const Micro& micro : step.micros) {
                EXPECT_LE(micro.samples.size(), 2u);
                text += micro.samples[0] + " ";
            }
        orders.insert(text);
        return trace;
    });
    EXPECT_GT(orders.size(), 4u);
    for (const Step& step : reference.ranks[0])
        for (const double loss : step.free_losses) EXPECT_NEAR(loss, *step.loss, 1e-12);
}

/// Prints what the factor of the envelope is argued from.
TEST(Trajectory, CleanTrialsStayInTheEnvelope) {
    for (const Recipe recipe : {Recipe::fp64, Recipe::fp32, Recipe::bf16, Recipe::bf16_autocast, Recipe::fp16_autocast})
        for (const char* subject : {"lesson", "mlp", "gpt", "batch-norm"}) {
            Matrix matrix(plant, {});
            double worst = 0, apart = 0;
            for (const Split& split : {Split{4, 1, 1}, Split{2, 2, 1}, Split{1, 2, 2}, Split{1, 1, 4}}) {
                const Verdict verdict = matrix.run(asked(subject, split, recipe)).verdict;
                const CheckResult& result = result_of(verdict, Check::trajectory);
                // What narrow arithmetic makes of a trajectory may be void, and is then no verdict.
                EXPECT_LE(result.outcome, computes_narrow(recipe) ? Outcome::inconclusive : Outcome::equivalent)
                    << subject << " " << to_string(recipe) << ": " << result.message;
                worst = std::max(worst, result.margin);
                for (const StepLoss& one : result.losses)
                    if (one.truth) apart = std::max(apart, std::abs(*one.loss - *one.truth) / std::abs(*one.truth));
            }
            std::printf("%s %s: largest margin %.2g, largest relative distance %.2g\n", subject,
                        to_string(recipe).c_str(), worst, apart);
        }
}

TEST(Trajectory, FindsWhatIsLostAfterAStepAsItsUpdateDoes) {
    std::vector<Record> records;
    Matrix matrix(plant, {});
    for (const Split& split : {Split{4, 1, 1}, Split{2, 2, 1}, Split{1, 2, 2}}) {
        Trial trial = asked("mlp", split, Recipe::fp32);
        trial.fault = "master-weights-lost";
        records.push_back(matrix.run(trial));
        for (const CheckResult& result : records.back().verdict.checks)
            EXPECT_EQ(result.outcome == Outcome::divergent,
                      result.check == Check::trajectory || result.check == Check::param)
                << to_string(result.check);
        EXPECT_EQ(result_of(records.back().verdict, Check::trajectory).first->step, 2);
    }
    const Finding finding = diagnose(records).at(0);
    EXPECT_EQ(finding.causes, std::vector{Cause::master_weights_lost});
}

TEST(Trajectory, AFaultOfAWindowShowsThereTooAndIsNamedAllTheSame) {
    Trial trial = asked("mlp", {1, 2, 2}, Recipe::fp64);
    trial.fault = "missing-accum-division";
    const Record record = Matrix(plant, {}).run(trial);
    EXPECT_EQ(result_of(record.verdict, Check::trajectory).outcome, Outcome::divergent);
    EXPECT_EQ(diagnose(std::span(&record, 1)).at(0).causes.front(), Cause::missing_accum_division);
}

TEST(Trajectory, WithFreeLossesGivesEachStepItsOwn) {
    MemorySink memory(2);
    WithFreeLosses sink(memory, {{1, 2}, {3}});
    for (const int rank : {0, 1, 0, 1}) sink.step(rank, Step{});
    sink.end({});
    const Trace& trace = memory.trace();
    EXPECT_EQ(trace.ranks[0][0].free_losses, std::vector<double>{1});
    EXPECT_EQ(trace.ranks[0][1].free_losses, std::vector<double>{2});
    EXPECT_EQ(trace.ranks[1][0].free_losses, std::vector<double>{3});
    EXPECT_TRUE(trace.ranks[1][1].free_losses.empty());
}

}  // namespace isobatch
