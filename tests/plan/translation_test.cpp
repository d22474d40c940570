#include "plan/translation.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

/// What words such as `devices=2` mean in a dialect.
Translation of(std::string_view id, const std::vector<std::string>& words, const Beside& asked = {}) {
    return translated(dialect(id), settings_of_words(words), asked);
}

std::string split_of(std::string_view id, const std::vector<std::string>& words, const Beside& asked = {}) {
    return to_string(of(id, words, asked).split);
}

std::int64_t updates_of(std::string_view id, const std::vector<std::string>& words, const Beside& asked = {}) {
    return of(id, words, asked).intervals.at(0).updates;
}

TEST(Translated, HuggingFaceNeedsItsDevicesAndHasDefaults) {
    const std::vector<std::string> words{"per_device_train_batch_size=4", "gradient_accumulation_steps=8"};
    EXPECT_EQ(split_of("huggingface", words, {.devices = 2}), "4x8x2");
    EXPECT_EQ(split_of("huggingface", words, {.effective = 64}), "4x8x2");
    EXPECT_EQ(split_of("huggingface", {}, {.devices = 2}), "8x1x2");
    EXPECT_EQ(of("huggingface", {}, {.devices = 2}).assumed,
              (std::vector<std::string>{"per_device_train_batch_size=8, its default",
                                        "gradient_accumulation_steps=1, its default"}));
    EXPECT_EQ(split_of("huggingface", {words[0]}, {.effective = 64, .devices = 2}), "4x8x2");
    EXPECT_EQ(error_of([&] { of("huggingface", words); }).where(), "--devices");
}

TEST(Translated, DeepSpeedsThreeNumbersHaveToAgree) {
    const std::string global = "train_batch_size=64", micro = "train_micro_batch_size_per_gpu=4",
                      accum = "gradient_accumulation_steps=8";
    for (const auto& words : std::vector<std::vector<std::string>>{
             {global, micro, accum}, {global, micro}, {global, accum}, {micro, accum}})
        EXPECT_EQ(split_of("deepspeed", words, {.devices = 2}), "4x8x2") << words.size();
    EXPECT_EQ(split_of("deepspeed", {global, micro, accum}), "4x8x2") << "which tells the devices";
    EXPECT_EQ(split_of("deepspeed", {global}, {.devices = 2}), "32x1x2");
    EXPECT_EQ(split_of("deepspeed", {micro}, {.devices = 2}), "4x1x2");
    const Error error = error_of([&] { of("deepspeed", {global, micro, accum}, {.devices = 4}); });
    EXPECT_TRUE(says(error.problem(),
                     "train_batch_size=64 is not train_micro_batch_size_per_gpu=4 x "
                     "gradient_accumulation_steps=8 x --devices=4 = 128"));
}

TEST(Translated, AutoNeedsAnAnswer) {
    const std::vector<std::string> open{"train_batch_size=auto", "train_micro_batch_size_per_gpu=auto",
                                        "gradient_accumulation_steps=auto"};
    const Error error = error_of([&] { of("deepspeed", open, {.devices = 2}); });
    EXPECT_TRUE(says(error.problem(), "are auto, and nothing here answers it"));
    std::vector<std::string> answered = open;
    answered.insert(answered.end(), {"train_micro_batch_size_per_gpu=4", "gradient_accumulation_steps=8"});
    EXPECT_EQ(split_of("deepspeed", answered, {.devices = 2}), "4x8x2");
    EXPECT_TRUE(says(
        error_of([&] {
            of("deepspeed", {"gradient_accumulation_steps=auto", "train_micro_batch_size_per_gpu=4"}, {.devices = 2});
        }).problem(),
        "gradient_accumulation_steps is auto"))
        << "auto is no default of 1";
}

TEST(Translated, AccelerateMaySplitOneBatchAmongAll) {
    const std::vector<std::string> words{"batch_size=8", "num_processes=4", "gradient_accumulation_steps=2"};
    EXPECT_EQ(split_of("accelerate", words), "8x2x4");
    std::vector<std::string> split = words;
    split.push_back("split_batches=True");
    EXPECT_EQ(split_of("accelerate", split), "2x2x4");
    split[0] = "batch_size=6";
    EXPECT_EQ(error_of([&] { of("accelerate", split); }).next(), "nearest: 4 and 8");
    EXPECT_TRUE(says(error_of([] {
                         of("accelerate", {"batch_size=8", "split_batches=true"});
                     }).problem(),
                     "shared by all devices"));
}

TEST(Translated, AcceleratesSchedulerIsSteppedForEachProcess) {
    std::vector<std::string> words{"batch_size=8", "num_processes=4", "num_warmup_steps=400"};
    EXPECT_EQ(updates_of("accelerate", words), 100);
    words.push_back("split_batches=true");
    EXPECT_EQ(updates_of("accelerate", words), 400);
    EXPECT_EQ(error_of([] {
                  of("accelerate", {"batch_size=8", "num_processes=4", "num_warmup_steps=401"});
              }).next(),
              "nearest: 400 and 404");
}

TEST(Translated, LightningsValidationCountsTheLoadersBatches) {
    const std::vector<std::string> words{"batch_size=4", "accumulate_grad_batches=8", "devices=2"};
    std::vector<std::string> every = words;
    every.push_back("val_check_interval=800");
    EXPECT_EQ(split_of("lightning", words), "4x8x2");
    EXPECT_EQ(updates_of("lightning", every), 100);
    every.back() = "log_every_n_steps=50";
    EXPECT_EQ(updates_of("lightning", every), 50);
    every.back() = "val_check_interval=100";
    EXPECT_EQ(error_of([&] { of("lightning", every); }).next(), "nearest: 96 and 104");
}

TEST(Translated, TorchtitanMakesTheRestOfItsMesh) {
    EXPECT_EQ(split_of("torchtitan", {"training.local_batch_size=4", "training.global_batch_size=64"}, {.devices = 2}),
              "4x8x2");
    EXPECT_EQ(split_of("torchtitan", {"training.global_batch_size=-1"}, {.devices = 2}), "8x1x2");
    EXPECT_EQ(of("torchtitan", {}, {.devices = 2}).assumed.back(), "accum=1, as no effective batch is given");
    EXPECT_EQ(split_of("torchtitan",
                       {"training.local_batch_size=4", "training.global_batch_size=64",
                        "parallelism.tensor_parallel_degree=4"},
                       {.devices = 8}),
              "4x8x2");
    EXPECT_EQ(split_of("torchtitan",
                       {"parallelism.data_parallel_replicate_degree=2", "parallelism.data_parallel_shard_degree=4"}),
              "8x1x8");
    EXPECT_EQ(error_of([] { of("torchtitan", {"parallelism.tensor_parallel_degree=3"}, {.devices = 8}); }).next(),
              "nearest: 6 and 9");
}

TEST(Translated, MegatronCountsIterationsOrSamples) {
    const std::vector<std::string> words{"micro-batch-size=4", "global_batch_size=64", "tensor-model-parallel-size=2"};
    EXPECT_EQ(split_of("megatron", words, {.devices = 4}), "4x8x2");
    EXPECT_EQ(of("megatron", words, {.devices = 4}).ranks(), 4);
    std::vector<std::string> samples = words;
    samples.push_back("train-samples=6400");
    EXPECT_EQ(updates_of("megatron", samples, {.devices = 4}), 100);
    samples.back() = "train-samples=6401";
    EXPECT_EQ(error_of([&] { of("megatron", samples, {.devices = 4}); }).next(), "nearest: 6400 and 6464");
    EXPECT_EQ(error_of([&] {
                  of("megatron", {words[0], "global-batch-size=60"}, {.devices = 2});
              }).next(),
              "nearest: 56 and 64");
}

TEST(Translated, AMeshSharesTheGlobalBatchEvenly) {
    EXPECT_EQ(split_of("isobatch", {"effective=8", "devices=4"}), "2x1x4");
    EXPECT_EQ(error_of([] { of("isobatch", {"effective=8", "devices=3"}); }).next(), "nearest: 6 and 9");
    EXPECT_EQ(split_of("isobatch", {"effective=8", "devices=8", "copies=4"}), "4x1x2");
    EXPECT_EQ(error_of([] { of("isobatch", {"effective=2", "devices=4"}); }).next(), "nearest: 4");
}

TEST(Translated, TheCommandLineContradictsNothing) {
    EXPECT_TRUE(says(error_of([] {
                         of("isobatch", {"per_device=4", "devices=2"}, {.devices = 4});
                     }).problem(),
                     "--devices=4 contradicts devices=2"));
    EXPECT_EQ(error_of([] { of("isobatch", {"effective=8", "devices=2"}, {.effective = 16}); }).where(), "--effective");
}

TEST(Translated, NothingOverflows) {
    const std::string large = std::to_string(max_effective);
    EXPECT_EQ(error_of([&] { of("isobatch", {"per_device=" + large, "devices=1", "save=" + large}); }).exit_code(), 2);
}

RC_GTEST_PROP(NamesIn, ReadBackAsTheSameTranslation, ()) {
    Translation first;
    first.split = {*rc::gen::inRange(1, 20), *rc::gen::inRange(1, 20), *rc::gen::inRange(1, 20)};
    for (const Role role : {Role::warmup, Role::total, Role::log, Role::evaluate, Role::save})
        first.intervals.push_back({role, to_string(role), 7, Counts::updates, *rc::gen::inRange(0, 1000)});
    for (const Dialect& one : dialects()) {
        std::vector<std::string> words;
        std::size_t intervals = 0;
        for (const auto& [name, value] : names_in(one, first)) {
            words.push_back(std::string(name->name) + "=" + std::to_string(value));
            intervals += is_interval(name->role);
        }
        const Translation again = of(one.id, words, {.devices = first.ranks()});
        RC_ASSERT(again.split == first.split);
        RC_ASSERT(again.intervals.size() == intervals);
        for (const Interval& interval : again.intervals)
            for (const Interval& old : first.intervals)
                if (old.role == interval.role) RC_ASSERT(old.updates == interval.updates);
    }
}

}  // namespace
}  // namespace isobatch
