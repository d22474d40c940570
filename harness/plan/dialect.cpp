#include "plan/dialect.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

bool same_name(std::string_view one, std::string_view other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                      [](char a, char b) { return a == b || (a == '-' && b == '_') || (a == '_' && b == '-'); });
}

// Defaults and what each number counts, as the sources of each have it.

Dialect own() {
    return {"isobatch",
            "isobatch",
            {{"per_device", Role::per_device},
             {"accum", Role::accum, 1},
             {"devices", Role::ranks},
             {"effective", Role::effective},
             {"copies", Role::copies, 1},
             {"warmup", Role::warmup},
             {"total", Role::total},
             {"log", Role::log},
             {"eval", Role::evaluate},
             {"save", Role::save}}};
}

// transformers 4.45 and 5.23: every interval is compared with state.global_step, which counts updates.
Dialect hugging_face() {
    return {"huggingface",
            "Hugging Face TrainingArguments",
            {{"per_device_train_batch_size", Role::per_device, 8},
             {"gradient_accumulation_steps", Role::accum, 1},
             {"auto_find_batch_size", Role::lowers},
             {"warmup_steps", Role::warmup},
             {"max_steps", Role::total},
             {"logging_steps", Role::log},
             {"eval_steps", Role::evaluate},
             {"save_steps", Role::save}}};
}

// accelerate 1.15: a prepared scheduler makes num_processes steps an update, unless batches are split.
Dialect accelerate() {
    return {"accelerate",
            "Accelerate",
            {{"batch_size", Role::per_device, 0, Counts::updates, "DataLoader"},
             {"gradient_accumulation_steps", Role::accum, 1, Counts::updates, "Accelerator"},
             {"deepspeed_config.gradient_accumulation_steps", Role::accum, 1},
             {"num_processes", Role::ranks},
             {"split_batches", Role::split_batches, 0, Counts::updates, "Accelerator"},
             {"num_warmup_steps", Role::warmup, 0, Counts::scheduler, "get_scheduler"},
             {"num_training_steps", Role::total, 0, Counts::scheduler, "get_scheduler"}}};
}

// The scheduler and steps_per_print advance where an accumulation ends.
Dialect deepspeed() {
    return {"deepspeed",
            "DeepSpeed",
            {{"train_batch_size", Role::effective},
             {"train_micro_batch_size_per_gpu", Role::per_device},
             {"gradient_accumulation_steps", Role::accum, 1},
             {"scheduler.params.warmup_num_steps", Role::warmup},
             {"scheduler.params.total_num_steps", Role::total},
             {"steps_per_print", Role::log}}};
}

// lightning 2.6: global_step counts updates, and so do what is compared with it and with the batches that
// stepped; val_check_interval counts the batches of the loader.
Dialect lightning() {
    return {"lightning",
            "Lightning",
            {{"batch_size", Role::per_device, 0, Counts::updates, "DataLoader"},
             {"accumulate_grad_batches", Role::accum, 1, Counts::updates, "Trainer"},
             {"devices", Role::ranks, 0, Counts::updates, "Trainer"},
             {"num_nodes", Role::ranks, 1, Counts::updates, "Trainer"},
             {"max_steps", Role::total, 0, Counts::updates, "Trainer"},
             {"log_every_n_steps", Role::log, 0, Counts::updates, "Trainer"},
             {"val_check_interval", Role::evaluate, 0, Counts::micros, "Trainer"},
             {"every_n_train_steps", Role::save, 0, Counts::updates, "ModelCheckpoint"}}};
}

// A step is an update; -1 is "what the others make it".
Dialect torchtitan() {
    return {"torchtitan",
            "torchtitan",
            {{"training.local_batch_size", Role::per_device, 8},
             {"training.global_batch_size", Role::effective},
             {"parallelism.data_parallel_replicate_degree", Role::places, 1},
             {"parallelism.data_parallel_shard_degree", Role::places},
             {"parallelism.tensor_parallel_degree", Role::copies, 1},
             {"parallelism.pipeline_parallel_degree", Role::copies, 1},
             {"parallelism.context_parallel_degree", Role::copies, 1},
             {"lr_scheduler.warmup_steps", Role::warmup},
             {"training.steps", Role::total},
             {"metrics.log_freq", Role::log},
             {"validation.freq", Role::evaluate},
             {"checkpoint.interval", Role::save}}};
}

// An iteration is an update of num_microbatches micro-batches.
Dialect megatron() {
    return {"megatron",
            "Megatron-LM",
            {{"micro-batch-size", Role::per_device},
             {"global-batch-size", Role::effective},
             {"rampup-batch-size", Role::grows},
             {"decrease-batch-size-if-needed", Role::lowers},
             {"tensor-model-parallel-size", Role::copies, 1},
             {"pipeline-model-parallel-size", Role::copies, 1},
             {"context-parallel-size", Role::copies, 1},
             {"lr-warmup-iters", Role::warmup},
             {"lr-warmup-samples", Role::warmup, 0, Counts::samples},
             {"train-iters", Role::total},
             {"train-samples", Role::total, 0, Counts::samples},
             {"log-interval", Role::log},
             {"eval-interval", Role::evaluate},
             {"save-interval", Role::save}}};
}

}  // namespace

const std::vector<Dialect>& dialects() {
    static const std::vector<Dialect> all{own(),       hugging_face(), accelerate(), deepspeed(),
                                          lightning(), torchtitan(),   megatron()};
    return all;
}

const Dialect& dialect(std::string_view id) {
    std::vector<std::string> known;
    for (const Dialect& one : dialects()) {
        if (one.id == id) return one;
        known.emplace_back(one.id);
    }
    throw Error(fmt::format("no framework is called \"{}\"", printable(id.substr(0, 80))), "translate",
                fmt::format("did you mean {}? There are: {}", nearest(id, known), joined(known, ", ")));
}

const Name* find_name(const Dialect& dialect, std::string_view name) {
    const auto& names = dialect.names;
    const auto it =
        std::find_if(names.begin(), names.end(), [&](const Name& one) { return same_name(one.name, name); });
    return it == names.end() ? nullptr : &*it;
}

const Name* name_of(const Dialect& dialect, Role role) {
    const auto& names = dialect.names;
    const auto it = std::find_if(names.begin(), names.end(), [&](const Name& one) { return one.role == role; });
    return it == names.end() ? nullptr : &*it;
}

std::string to_string(Counts counts) {
    switch (counts) {
        case Counts::updates:
            return "updates";
        case Counts::micros:
            return "micro-batches";
        case Counts::samples:
            return "samples";
        case Counts::scheduler:
            return "scheduler steps";
    }
    broken_promise("counts", "unknown unit", __FILE__, __LINE__);
}

std::string to_string(Role role) {
    switch (role) {
        case Role::per_device:
            return "per_device";
        case Role::accum:
            return "accum";
        case Role::effective:
            return "effective";
        case Role::ranks:
        case Role::places:
            return "devices";
        case Role::copies:
            return "copies";
        case Role::split_batches:
            return "split_batches";
        case Role::lowers:
            return "lowers";
        case Role::grows:
            return "grows";
        case Role::warmup:
            return "warmup";
        case Role::total:
            return "total";
        case Role::log:
            return "log";
        case Role::evaluate:
            return "eval";
        case Role::save:
            return "save";
    }
    broken_promise("role", "unknown role", __FILE__, __LINE__);
}

}  // namespace isobatch
