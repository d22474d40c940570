/// Every corruption turns exactly its checks red, at its place, and leaves the others green.
#include <algorithm>
#include <map>

#include "tests/base/expect.h"
#include "tests/judge/corruption.h"
#include "tests/judge/recipes.h"
#include "tests/judge/trajectory_of.h"
#include "tests/judge/twins_of.h"

namespace isobatch {
namespace {

/// A matrix whose candidates are corrupted: parameters of one shape and of others, and a norm between those of its
/// windows to clip to.
struct Matrix {
    Matrix(Ward ward, SyntheticOptions options) : synthetic(std::move(options)) {
        for (const Split& split : splits) {
            candidates[split] = synthetic.candidate(split);
            if (ward == Ward::twins) candidates[split] = with_twins(candidates[split], "all", synthetic.reference());
            if (ward == Ward::free) candidates[split] = with_trajectory(candidates[split], synthetic.reference());
        }
    }

    static constexpr Split splits[] = {{4, 2, 2}, {1, 8, 2}, {2, 2, 4}};
    Synthetic synthetic;
    Yardstick yardstick = yardstick_of(synthetic.reference());
    std::map<Split, Trace> candidates;  ///< good ones
};

SyntheticOptions options(Recipe recipe, double clip_norm, int copies) {
    return {.recipe = recipe,
            .seed = 2,
            .copies = copies,
            .parameters = {{"weight", {6, 5}}, {"twin", {6, 5}}, {"bias", {7}}, {"key", {4}}},
            .clip_norm = clip_norm,
            .buffers = true};
}

class Corruption : public testing::TestWithParam<Recipe> {
protected:
    /// What the damaged trace is judged to be.
    Verdict judged(const Damage& damage, const Split& split) const {
        const Matrix& matrix = wards.at(damage.ward);
        Trace trace = matrix.candidates.at(split);
        damage.make({trace, matrix.yardstick, matrix.synthetic.reference().ranks[0]});
        return judge(matrix.yardstick, trace);
    }
    void expect_exactly(const Damage& damage, const Split& split) const;

    static constexpr double clip_norm = 2;
    const std::map<Ward, Matrix> wards = [] {
        std::map<Ward, Matrix> all;
        for (const Ward ward : {Ward::clipped, Ward::unclipped, Ward::copies, Ward::twins, Ward::free})
            all.emplace(ward, Matrix(ward, options(GetParam(), ward == Ward::unclipped ? 0 : clip_norm,
                                                   ward == Ward::copies ? 2 : 1)));
        return all;
    }();
    const Damages damages = all_damages(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Recipes, Corruption, all_recipes(), recipe_name);

void expect_error(const Error& error, const Damage& damage) {
    EXPECT_TRUE(says(error.what(), damage.error));
    EXPECT_TRUE(says(error.where(), damage.says));
    EXPECT_NE(error.where(), "");
}

void Corruption::expect_exactly(const Damage& damage, const Split& split) const {
    const testing::ScopedTrace trace(__FILE__, __LINE__, damage.name + (" in " + to_string(split)));
    if (!damage.error.empty()) return expect_error(error_of([&] { judged(damage, split); }), damage);
    const Verdict verdict = judged(damage, split);
    const Outcome noticed = damage.crashed          ? Outcome::crashed
                            : !damage.red.empty()   ? Outcome::divergent
                            : damage.unsure.empty() ? Outcome::equivalent
                                                    : Outcome::inconclusive;
    EXPECT_EQ(verdict.outcome, noticed);
    if (damage.crashed) return;
    for (const CheckResult& result : verdict.checks) {
        const testing::ScopedTrace which(__FILE__, __LINE__, to_string(result.check) + ": " + result.message);
        const bool red = damage.red.contains(result.check), unsure = damage.unsure.contains(result.check);
        EXPECT_EQ(result.outcome == Outcome::divergent, red);
        EXPECT_EQ(result.outcome == Outcome::inconclusive, unsure);
        EXPECT_EQ(result.message.empty(), !red && !unsure);
        EXPECT_EQ(result.first.has_value(), red || unsure);
    }
    if (noticed == Outcome::equivalent) return;
    const CheckResult& first = result_of(verdict, *(damage.red.empty() ? damage.unsure : damage.red).begin());
    EXPECT_EQ(first.first.value_or(Place{-1}).step, damage.step);
    EXPECT_EQ(first.first.value_or(Place{-1}).rank, damage.rank);
    EXPECT_TRUE(says(first.message, damage.says));
}

TEST_P(Corruption, TheCandidatesAreGood) {
    for (const auto& [ward, matrix] : wards)
        for (const auto& [split, candidate] : matrix.candidates)
            EXPECT_EQ(judge(matrix.yardstick, candidate).outcome, Outcome::equivalent) << to_string(split);
    // Some judged windows are clipped and some are not.
    std::set<bool> clipped;
    for (const WindowScale& window : wards.at(Ward::clipped).yardstick.windows)
        if (window.loss_truth) clipped.insert(*window.clip_factor < 1);
    EXPECT_EQ(clipped.size(), 2u);
}

TEST_P(Corruption, IsSeenByItsChecksAtItsPlaceAndByNoOther) {
    for (const Damage& damage : damages)
        for (const Split& split : Matrix::splits) expect_exactly(damage, split);
}

TEST_P(Corruption, TheTableIsLargeAndHasNoGap) {
    std::set<std::string> names;
    std::map<Check, int> turned;
    for (const Damage& damage : damages) {
        EXPECT_TRUE(names.insert(damage.name).second) << damage.name << " is there twice";
        const bool noticed = !damage.red.empty() || !damage.unsure.empty() || !damage.error.empty() || damage.crashed;
        EXPECT_NE(noticed, !damage.why.empty()) << damage.name << ": what nothing notices needs a reason";
        for (const Check check : damage.red) ++turned[check];
    }
    EXPECT_GE(names.size(), 300u);
    for (const Check check : all_checks) EXPECT_GE(turned[check], 5) << to_string(check);
    RecordProperty("corruptions", static_cast<int>(names.size()));
}

}  // namespace
}  // namespace isobatch
