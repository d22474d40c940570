#include <gtest/gtest.h>

#include "../../run/small_trial.h"
#include "cases/faults/faults.h"
#include "diagnose/diagnose.h"
#include "plan/fault.h"
#include "run/matrix.h"

namespace isobatch {

namespace {

constexpr auto ids = {"regulariser-per-micro", "label-smoothing-local-mean", "layer-used-twice-overwrites",
                      "correlated-dropout"};

Record run(const std::string& id, const Split& split, const std::string& subject = "", Recipe recipe = Recipe::fp64) {
    Trial trial = suited(small_trial(split, recipe), *parse_fault(id).entry);
    if (!subject.empty()) trial.subject = subject;
    trial.fault = id;
    return Matrix(plant, {}).run(trial);
}

/// As no fault of the catalogue does.
void lose_the_second_unit(const std::string&, Setup& setup) {
    setup.decisions.losses = [score_only = setup.data.score_only](const Window&, const Slice&, const Case& subject,
                                                                  torch::nn::Module& model, const Examples& examples) {
        Examples rest = examples;
        score_only(rest, [](std::int64_t, std::int64_t unit) { return unit != 1; });
        return subject.loss_sum(model, rest);
    };
}

}  // namespace

/// A single micro is the window: nothing of it can be counted too often, drawn for another or divided by less.
TEST(LossFaults, AreRedWhereAWindowHasSeveralMicrosAndNoWeightsExplainThemButThoseOfAWholeTerm) {
    for (const std::string id : ids) {
        const bool always = id == "layer-used-twice-overwrites";
        EXPECT_EQ(run(id, {4, 1, 1}).verdict.outcome == Outcome::divergent, always) << id;
        for (const Split& split : {Split{1, 4, 1}, {1, 1, 4}, {2, 2, 1}}) {
            const Record record = run(id, split);
            const Check loss = always ? Check::grad : Check::loss;
            EXPECT_EQ(result_of(record.verdict, Check::grad).outcome, Outcome::divergent) << id << to_string(split);
            EXPECT_EQ(result_of(record.verdict, loss).outcome, Outcome::divergent) << id << to_string(split);
            const Finding finding = diagnose(std::span(&record, 1)).at(0);
            const bool of_a_term = id == "regulariser-per-micro";
            EXPECT_EQ(finding.causes, std::vector{of_a_term ? Cause::regulariser_per_micro : Cause::unknown}) << id;
            if (!of_a_term) continue;
            ASSERT_EQ(finding.terms.size(), 2u);
            EXPECT_EQ(finding.terms[0].term, "regulariser");
            EXPECT_NEAR(finding.terms[0].recovered, 4 / split.per_device - 1, 1e-6);
            EXPECT_EQ(finding.terms[0].predicted, 4 / split.per_device - 1);
            EXPECT_NEAR(finding.terms[1].recovered, 0, 1e-6);
            EXPECT_EQ(finding.terms[1].predicted, 0);
            EXPECT_LT(finding.worst_error, 1e-6);
        }
    }
}

/// Of one micro too: a window of rows of different lengths.
TEST(LossFaults, RowsThatAreCutToTheShortestAreNamedByTheirUnits) {
    for (const Recipe recipe : {Recipe::fp64, Recipe::fp32}) {
        std::vector<Record> records;
        for (const Split& split : {Split{4, 1, 1}, {1, 4, 1}, {2, 2, 1}, {2, 1, 2}})
            records.push_back(run("cut-to-shortest", split, "gpt", recipe));
        EXPECT_EQ(records[0].verdict.outcome, Outcome::divergent);
        EXPECT_EQ(records[1].verdict.outcome, Outcome::equivalent) << "a row alone is the shortest";
        const Finding finding = diagnose(records).at(0);
        EXPECT_EQ(finding.causes, std::vector{Cause::cut_to_shortest}) << to_string(recipe);
        EXPECT_LT(finding.worst_error, recipe == Recipe::fp64 ? 1e-9 : 1e-4);
    }
    EXPECT_EQ(run("cut-to-shortest", {2, 2, 1}, "lesson").verdict.outcome, Outcome::equivalent)
        << "its samples are its units";
}

/// Where no cause leaves them, the weights of the units are what is known.
TEST(LossFaults, UnitsThatAreLostForNoKnownReasonAreShownAndNotNamed) {
    Trial trial = small_trial({2, 2, 1});
    trial.subject = "gpt";
    trial.fault = "n-minus-one";  // any name
    const Record record = Matrix(lose_the_second_unit, {}).run(trial);
    const Finding finding = diagnose(std::span(&record, 1)).at(0);
    EXPECT_EQ(finding.causes, std::vector{Cause::unknown});
    EXPECT_NE(finding.summary.find("those of their units do"), std::string::npos) << finding.summary;
    ASSERT_FALSE(finding.weights.empty());
    for (const WeightLine& line : finding.weights)
        for (std::size_t unit = 0; unit < line.units_recovered.size(); ++unit)
            EXPECT_NEAR(line.units_recovered[unit], unit == 1 ? 0 : 1, 1e-9);
}

/// What little fewer bits leave of a short column's count is no contradiction.
TEST(LossFaults, AreNamedWithFewerBitsToo) {
    for (const std::string id : {"regulariser-per-micro", "n-minus-one"}) {
        std::vector<Record> records;
        for (const Split& split : {Split{4, 1, 1}, {2, 2, 1}, {1, 4, 1}, {1, 1, 4}})
            records.push_back(run(id, split, "tasks", Recipe::bf16_autocast));
        const std::vector<Finding> findings = diagnose(records);
        ASSERT_EQ(findings.size(), 1u) << id;
        EXPECT_EQ(findings[0].causes, std::vector{parse_cause(id)});
    }
}

TEST(LossFaults, LeaveTheLossOfAnotherCaseAlone) {
    for (const std::string id : ids) EXPECT_LE(run(id, {1, 2, 2}, "mlp").verdict.outcome, Outcome::equivalent) << id;
}

TEST(LossFaults, HaveTheirTime) {
    for (const std::string id : ids)
        for (const auto& [timing, step] : {std::pair{"@first-window", 1}, {"@later-windows", 2}}) {
            const Record record = run(id + timing, {1, 2, 2});
            const CheckResult& grad = result_of(record.verdict, Check::grad);
            ASSERT_TRUE(grad.first) << id << timing;
            EXPECT_EQ(grad.first->step, step) << id << timing;
        }
}

}  // namespace isobatch
