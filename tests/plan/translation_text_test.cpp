#include "plan/translation_text.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

const Dialect& from = dialect("huggingface");

Translation example() {
    return translated(from,
                      settings_of_words({"per_device_train_batch_size=4", "gradient_accumulation_steps=8",
                                         "logging_steps=10", "warmup_steps=100", "--fp16"}),
                      {.devices = 2});
}

TEST(TranslationText, ShowsBothReadingsOfAnIntervalInNumbers) {
    const std::string text = translation_text(from, example(), {&dialect("deepspeed"), &dialect("lightning")});
    EXPECT_TRUE(says(text, "split 4x8x2: 4 per device x 8 accumulated x 2 devices = effective batch 64\n"));
    EXPECT_TRUE(says(text, "not read: fp16\n"));
    EXPECT_TRUE(says(text, "logging_steps=10: 640 samples by the code, 80 by that sentence\n"));
    EXPECT_EQ(text.find("warmup_steps=100: "), std::string::npos) << "of the warm-up nothing else is said";
    EXPECT_TRUE(says(text,
                     "\ndeepspeed (DeepSpeed)\n  train_batch_size=64\n  train_micro_batch_size_per_gpu=4\n"
                     "  gradient_accumulation_steps=8\n  scheduler.params.warmup_num_steps=100\n"
                     "  steps_per_print=10\n"));
    EXPECT_TRUE(says(text, "  batch_size=4  (DataLoader)\n"));
}

TEST(TranslationText, SaysWhatWasAssumedAndWhatMayGoWrong) {
    const Translation translation =
        translated(from, settings_of_words({"--auto_find_batch_size"}), {.devices = 6, .copies = 3});
    const std::string text = translation_text(from, translation, {});
    EXPECT_TRUE(says(text, "devices in all: 6, as 3 hold the same samples\n"));
    EXPECT_TRUE(says(text, "assumed: per_device_train_batch_size=8, its default, gradient_accumulation_steps=1"));
    EXPECT_TRUE(says(text, "warning: auto_find_batch_size: "));
    EXPECT_EQ(text.find("interval"), std::string::npos);
}

TEST(TranslationJson, HoldsTheSame) {
    const Json json = translation_json(from, example(), {&dialect("megatron")});
    EXPECT_EQ(json.at("split"), "4x8x2");
    EXPECT_EQ(json.at("effective"), 64);
    EXPECT_EQ(json.at("names").at("megatron").at("global-batch-size"), 64);
    EXPECT_EQ(json.at("names").at("megatron").at("log-interval"), 10);
    const Json& log = json.at("intervals").at(0);
    EXPECT_EQ(log.at("interval"), "log");
    EXPECT_EQ(log.at("samples"), 640);
    EXPECT_EQ(log.at("samples_documented"), 80);
    EXPECT_FALSE(json.at("intervals").at(1).contains("samples_documented"));
}

}  // namespace
}  // namespace isobatch
