#include "plan/reading.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

Setting typed(std::string name, std::string value) {
    return {std::move(name), std::move(value), "the command line", true};
}

Setting filed(std::string name, std::string value) {
    return {std::move(name), std::move(value), "f.json", false};
}

Reading read(std::string_view id, const std::vector<Setting>& settings) {
    return read_settings(dialect(id), settings);
}

std::int64_t count(std::string_view id, Role role, const std::vector<Setting>& settings) {
    return factor_of(dialect(id), read(id, settings), role).value;
}

TEST(ReadSettings, PassesOverWhatIsOfNoConcern) {
    const Reading reading = read("deepspeed", {filed("train_batch_size", "64"), filed("fp16.enabled", "true"),
                                               filed("scheduler.params.warmup_num_steps", "auto")});
    EXPECT_EQ(reading.not_read, (std::vector<std::string>{"fp16.enabled", "scheduler.params.warmup_num_steps=auto"}));
    ASSERT_EQ(reading.counts.size(), 1u);
    EXPECT_EQ(reading.counts[0].second.value, 64);
}

TEST(ReadSettings, ASlipIsNoOtherName) {
    const Error error = error_of([] { read("huggingface", {filed("gradient_acumulation_steps", "8")}); });
    EXPECT_EQ(error.problem(), "Hugging Face TrainingArguments has no \"gradient_acumulation_steps\"");
    EXPECT_EQ(error.where(), "f.json");
    EXPECT_TRUE(says(error.next(), "did you mean gradient_accumulation_steps?"));
}

TEST(ReadSettings, ANameOfItsOwnIsNoSlip) {
    EXPECT_EQ(read("lightning", {filed("min_steps", "10")}).not_read.size(), 1u);
    EXPECT_EQ(error_of([] { read("lightning", {filed("max_step", "10")}); }).where(), "f.json");
}

TEST(ReadSettings, ATypedNameHasToBeKnown) {
    EXPECT_EQ(read("huggingface", {filed("learning_rate", "0.1")}).not_read.size(), 1u);
    EXPECT_TRUE(says(error_of([] { read("huggingface", {typed("learning_rate", "0.1")}); }).next(), "did you mean"));
}

TEST(ReadSettings, RefusesWhatIsNoCount) {
    for (const char* bad : {"0", "-2", "4.5", "many", "1e3", "9223372036854775807", "[8]"}) {
        const Error error = error_of([&] { read("deepspeed", {filed("train_batch_size", bad)}); });
        EXPECT_EQ(error.problem(), std::string("train_batch_size is \"") + bad + "\"");
        EXPECT_EQ(error.where(), "f.json");
    }
    EXPECT_TRUE(says(error_of([] { read("huggingface", {filed("save_steps", "0.1")}); }).next(), "share"));
    EXPECT_EQ(read("huggingface", {filed("warmup_steps", "0")}).intervals.at(0).second, 0);
}

TEST(ReadSettings, MinusOneAndNoneSayNothing) {
    for (const char* nothing : {"-1", "null", "None", ""}) {
        EXPECT_EQ(count("torchtitan", Role::effective, {filed("training.global_batch_size", nothing)}), 0);
        EXPECT_TRUE(read("huggingface", {filed("max_steps", nothing)}).intervals.empty());
    }
}

TEST(ReadSettings, AWordAnswersAutoAndContradictsNothing) {
    const auto both = [](const char* in_file, const char* word) {
        return count("deepspeed", Role::per_device,
                     {filed("train_micro_batch_size_per_gpu", in_file), typed("train_micro_batch_size_per_gpu", word)});
    };
    EXPECT_EQ(both("auto", "4"), 4);
    EXPECT_EQ(both("4", "4"), 4);
    EXPECT_EQ(error_of([&] { both("8", "4"); }).exit_code(), 2);
    const Reading open = read("deepspeed", {filed("train_batch_size", "auto")});
    EXPECT_TRUE(factor_of(dialect("deepspeed"), open, Role::effective).automatic);
}

TEST(ReadSettings, TwoNamesOfOneIntervalAreOneTooMany) {
    const auto both = [](const char* name, const char* value) {
        return read("megatron", {filed("train-iters", "10"), filed(name, value)});
    };
    EXPECT_EQ(both("train_iters", "10").intervals.size(), 1u);
    EXPECT_TRUE(says(error_of([&] { both("train-iters", "20"); }).problem(), "train-iters=10 and train-iters=20"));
    EXPECT_TRUE(says(error_of([&] { both("train-samples", "640"); }).next(), "leave one of them out"));
}

TEST(ReadSettings, ABatchThatChangesIsSaid) {
    EXPECT_EQ(read("huggingface", {filed("auto_find_batch_size", "true")}).warnings.size(), 1u);
    EXPECT_TRUE(read("huggingface", {filed("auto_find_batch_size", "false")}).warnings.empty());
    EXPECT_TRUE(
        says(error_of([] { read("megatron", {filed("rampup-batch-size", "32 32 1000")}); }).problem(), "grows"));
    EXPECT_TRUE(read("megatron", {filed("rampup-batch-size", "null")}).warnings.empty());
}

TEST(FactorOf, DevicesAreProducts) {
    EXPECT_EQ(count("lightning", Role::ranks, {typed("devices", "4")}), 4);
    EXPECT_EQ(count("lightning", Role::ranks, {typed("devices", "4"), typed("num_nodes", "2")}), 8);
    EXPECT_EQ(count("lightning", Role::ranks, {typed("num_nodes", "2")}), 0) << "of a node nothing is known";
    EXPECT_EQ(count("lightning", Role::ranks, {typed("devices", "auto"), typed("num_nodes", "2")}), 0);
    const std::vector<Setting> mesh{typed("parallelism.data_parallel_replicate_degree", "2"),
                                    typed("parallelism.tensor_parallel_degree", "4"),
                                    typed("parallelism.context_parallel_degree", "2")};
    EXPECT_EQ(count("torchtitan", Role::places, mesh), 0) << "the shards are what is left over";
    EXPECT_EQ(count("torchtitan", Role::copies, mesh), 8);
    EXPECT_EQ(count("torchtitan", Role::copies, {}), 0);
    EXPECT_EQ(error_of([] {
                  count("lightning", Role::ranks, {typed("devices", "1099511627776"), typed("num_nodes", "2")});
              }).where(),
              "num_nodes");
}

}  // namespace
}  // namespace isobatch
