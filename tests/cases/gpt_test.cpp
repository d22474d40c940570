#include "gradient_check.h"
#include "judge/compare.h"
#include "run/held_bytes.h"
#include "run/matrix.h"

namespace isobatch {

TEST(Gpt, GradientIsTheSlopeOfItsLoss) {
    expect_true_gradient("gpt");
}

namespace {

/// A window's gradient, and the most memory that a step takes.
Step last_step(const std::string& subject, Recipe recipe, const std::string& engine = "serial") {
    Trial trial;
    trial.subject = subject;
    trial.split = {4, 2, 1};
    trial.samples = 8;
    trial.recipe = recipe;
    trial.engine = engine;
    count_held_bytes();
    return run_trial(make_setup(trial), Level::full, nullptr, std::nullopt).ranks[0].back();
}

}  // namespace

TEST(Gpt, RecomputedIsTheSameBitForBitInEveryRecipeAndNeedsLessMemory) {
    for (const Recipe recipe : known_recipes) {
        const Step plain = last_step("gpt", recipe), again = last_step("gpt-recomputed", recipe);
        ASSERT_EQ(plain.tensors.size(), again.tensors.size());
        for (const auto& [key, tensor] : plain.tensors) EXPECT_TRUE(identical(tensor, again.tensors.at(key))) << key;
        EXPECT_LT(again.memory.peak, plain.memory.peak) << to_string(recipe);
        EXPECT_EQ(again.memory.steady, plain.memory.steady) << to_string(recipe);
    }
}

TEST(Gpt, RecomputedHasTheTrueGradient) {
    expect_true_gradient("gpt-recomputed");
}

TEST(Gpt, LossIsASumOverSamples) {
    expect_additive_loss("gpt");
}

}  // namespace isobatch
