#include <ATen/Context.h>

#include "gradient_check.h"
#include "judge/compare.h"
#include "run/attention.h"
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

/// What prepare() sets for a case on a GPU, set here for the CPU's kernels, which ask the same switch.
struct FlashSwitch {
    explicit FlashSwitch(bool on) : before(at::globalContext().userEnabledFlashSDP()) { set(on); }
    ~FlashSwitch() { set(before); }
    static void set(bool on) { at::globalContext().setSDPUseFlash(on); }

    bool before;
};

TEST(Gpt, FusedIsOneKernelInEveryRecipeWhereSwitchesAllowIt) {
    EXPECT_TRUE(find_case("gpt-fused").fused_attention);
    EXPECT_FALSE(find_case("gpt").fused_attention);
    for (const Recipe recipe : known_recipes) {
        Trial trial;
        trial.subject = "gpt-fused";
        trial.recipe = recipe;
        const isobatch::Setup setup = make_setup(trial);
        EXPECT_EQ(attention_kernels(setup), "flash_attention_for_cpu") << to_string(recipe);
        const FlashSwitch off(false);
        EXPECT_EQ(attention_kernels(setup), "attention_math") << to_string(recipe);
    }
}

// One kernel adds in another order than plain products: what a tolerance has to bear, and does.
TEST(Gpt, FusedAndPlainAttentionTrainAlikeAndNotBitForBit) {
    const Step fused = last_step("gpt-fused", Recipe::fp32);
    const FlashSwitch off(false);
    const Step plain = last_step("gpt-fused", Recipe::fp32);
    bool same = true;
    for (const auto& [key, tensor] : fused.tensors) {
        same = same && identical(tensor, plain.tensors.at(key));
        if (key.starts_with("grad/")) {
            EXPECT_LT(compare(tensor, plain.tensors.at(key), 0).largest, 1e-4) << key;
        }
    }
    EXPECT_FALSE(same);
}

TEST(Gpt, FusedHasTheTrueGradient) {
    expect_true_gradient("gpt-fused");
}

TEST(Gpt, LossIsASumOverSamples) {
    expect_additive_loss("gpt");
}

}  // namespace isobatch
