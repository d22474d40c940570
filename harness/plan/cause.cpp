#include "plan/cause.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/error.h"
#include "base/text.h"

namespace isobatch {

std::string to_string(Cause cause) {
    switch (cause) {
        case Cause::token_mean_of_means:
            return "token-mean-of-means";
        case Cause::missing_accum_division:
            return "missing-accum-division";
        case Cause::zero_grad_in_window:
            return "zero-grad-in-window";
        case Cause::not_zeroed_after_step:
            return "not-zeroed-after-step";
        case Cause::epoch_tail_dropped:
            return "epoch-tail-dropped";
        case Cause::rank_local_denominator:
            return "rank-local-denominator";
        case Cause::uneven_ranks_equal_weight:
            return "uneven-ranks-equal-weight";
        case Cause::average_count_per_micro:
            return "average-count-per-micro";
        case Cause::no_world_compensation:
            return "no-world-compensation";
        case Cause::sum_over_devices:
            return "sum-over-devices";
        case Cause::never_synced:
            return "never-synced";
        case Cause::no_sync_off_by_one:
            return "no-sync-off-by-one";
        case Cause::reduced_once:
            return "reduced-once";
        case Cause::scaled_before_wait:
            return "scaled-before-wait";
        case Cause::replicated_partial:
            return "replicated-partial";
        case Cause::wrong_group_divisor:
            return "wrong-group-divisor";
        case Cause::two_level_order:
            return "two-level-order";
        case Cause::bf16_accumulator:
            return "bf16-accumulator";
        case Cause::bf16_reduction:
            return "bf16-reduction";
        case Cause::unknown:
            return "unknown";
    }
    broken_promise("cause", "unknown cause", __FILE__, __LINE__);
}

Cause parse_cause(std::string_view text) {
    for (const Cause cause : all_causes)
        if (to_string(cause) == text) return cause;
    throw Error(fmt::format("unknown cause \"{}\"", printable(text)), "finding",
                "the file was written by another version");
}

bool concerns_devices(Cause cause) {
    switch (cause) {
        case Cause::token_mean_of_means:
        case Cause::missing_accum_division:
        case Cause::zero_grad_in_window:
        case Cause::not_zeroed_after_step:
        case Cause::epoch_tail_dropped:
        case Cause::wrong_group_divisor:
        case Cause::bf16_accumulator:
        case Cause::unknown:
            return false;
        case Cause::rank_local_denominator:
        case Cause::uneven_ranks_equal_weight:
        case Cause::average_count_per_micro:
        case Cause::no_world_compensation:
        case Cause::sum_over_devices:
        case Cause::never_synced:
        case Cause::no_sync_off_by_one:
        case Cause::reduced_once:
        case Cause::scaled_before_wait:
        case Cause::replicated_partial:
        case Cause::two_level_order:
        case Cause::bf16_reduction:
            return true;
    }
    broken_promise("cause", "unknown cause", __FILE__, __LINE__);
}

std::string meaning(Cause cause) {
    switch (cause) {
        case Cause::token_mean_of_means:
            return "The loss is averaged inside each micro-batch and those means are averaged again, so a token in a "
                   "short micro-batch "
                   "weighs more than one in a long micro-batch.";
        case Cause::missing_accum_division:
            return "The gradients of the micro-batches are added up without dividing by their number, so the step is "
                   "accum times too large.";
        case Cause::zero_grad_in_window:
            return "The gradients are cleared inside the accumulation window, so only each device's last micro-batch "
                   "counts.";
        case Cause::not_zeroed_after_step:
            return "The gradients are not cleared after the optimizer step, so every window still carries the "
                   "gradients of the earlier ones.";
        case Cause::epoch_tail_dropped:
            return "The last window of an epoch, which holds fewer samples than the effective batch, is never trained "
                   "on.";
        case Cause::rank_local_denominator:
            return "Each device divides by its own count of scored units and the devices' gradients are averaged, so a "
                   "token on a device with few of them weighs more.";
        case Cause::uneven_ranks_equal_weight:
            return "In a window that does not fill all devices evenly, every device's mean weighs the same, whatever "
                   "it holds.";
        case Cause::average_count_per_micro:
            return "The count of scored units is averaged over the devices once for each micro-batch, so micro-batches "
                   "with few units weigh more.";
        case Cause::no_world_compensation:
            return "The loss is divided by the count over all devices, and the devices' gradients are averaged once "
                   "more, so the step is too small by the number of devices.";
        case Cause::sum_over_devices:
            return "The devices' gradients are summed where they should be averaged, so the step is too large by the "
                   "number of devices.";
        case Cause::never_synced:
            return "The devices never exchange their gradients, so each trains on its own samples alone.";
        case Cause::no_sync_off_by_one:
            return "The gradients are exchanged one micro-batch too early, so the last one of each device stays on "
                   "that device.";
        case Cause::reduced_once:
            return "The gradients are exchanged with the first micro-batch only, so the later ones of each device stay "
                   "on that device.";
        case Cause::scaled_before_wait:
            return "The gradients are divided and used before their exchange has ended, so each device steps with its "
                   "own part alone.";
        case Cause::replicated_partial:
            return "A parameter is left out of the exchange, so each device updates its own copy of it with its own "
                   "samples alone.";
        case Cause::wrong_group_divisor:
            return "The loss is divided for all ranks where only the data-parallel ones hold other samples, so the "
                   "step is too small by the number of ranks that hold the same.";
        case Cause::two_level_order:
            return "Only the last micro-batch's gradient is exchanged among all devices, and what was accumulated "
                   "before is added after it, so the earlier micro-batches stay in their own group of devices.";
        case Cause::bf16_accumulator:
            return "The sum over a device's micro-batches is kept in bf16 where fp32 was promised.";
        case Cause::bf16_reduction:
            return "The devices exchange their gradients in bf16 where fp32 was promised.";
        case Cause::unknown:
            return "The difference fits no cause that is known here; the recovered weights are the evidence.";
    }
    broken_promise("cause", "unknown cause", __FILE__, __LINE__);
}

std::string formula(Cause cause) {
    switch (cause) {
        case Cause::token_mean_of_means:
            return "N / (K n_m): N units in the window, K micro-batches, n_m units in the sample's own";
        case Cause::missing_accum_division:
            return "A: the number of micro-batches on the sample's device";
        case Cause::zero_grad_in_window:
            return "1 in the last micro-batch of a device, 0 in the others";
        case Cause::not_zeroed_after_step:
            return "1, and 1 for the gradient of every earlier window, or what clipping left of it";
        case Cause::epoch_tail_dropped:
            return "1 in the windows that exist; the ragged window is missing";
        case Cause::rank_local_denominator:
            return "N / (D n_d): N units in the window, D devices, n_d units on the sample's own";
        case Cause::uneven_ranks_equal_weight:
            return "N / (D n_d) in a ragged window, 1 in a full one";
        case Cause::average_count_per_micro:
            return "N / (A N_a): A micro-batches on a device, N_a units in this one on all devices";
        case Cause::no_world_compensation:
            return "1 / D: the number of devices";
        case Cause::sum_over_devices:
            return "D: the number of devices";
        case Cause::never_synced:
            return "D for the device's own samples, 0 for the others'";
        case Cause::no_sync_off_by_one:
            return "1 in the earlier micro-batches; in the last, D for the device's own samples and 0 for the others'";
        case Cause::reduced_once:
            return "1 in the first micro-batch; in the others, D for the device's own samples and 0 for the others'";
        case Cause::scaled_before_wait:
            return "1 for the device's own samples, 0 for the others'";
        case Cause::replicated_partial:
            return "in that parameter D for the device's own samples and 0 for the others', 1 elsewhere";
        case Cause::wrong_group_divisor:
            return "1 / C: the number of ranks that hold the same samples";
        case Cause::two_level_order:
            return "1 in the last micro-batch; in the earlier ones, the number of groups for the samples of the "
                   "device's own group and 0 for the others'";
        case Cause::bf16_accumulator:
        case Cause::bf16_reduction:
        case Cause::unknown:
            return "none";
    }
    broken_promise("cause", "unknown cause", __FILE__, __LINE__);
}

std::string remedy(Cause cause) {
    switch (cause) {
        case Cause::token_mean_of_means:
            return "Sum the loss over the tokens of each micro-batch and divide by the number of scored tokens in the "
                   "whole window, counted over all micro-batches and devices before the first backward.";
        case Cause::missing_accum_division:
            return "Divide each micro-batch's mean loss by the number of micro-batches of the window, or its summed "
                   "loss by the window's "
                   "unit count.";
        case Cause::zero_grad_in_window:
            return "Clear the gradients once, after the optimizer step, and not between the micro-batches.";
        case Cause::not_zeroed_after_step:
            return "Call zero_grad() after every optimizer step, before the next window's first backward.";
        case Cause::epoch_tail_dropped:
            return "Step the optimizer at the end of the epoch on whatever was accumulated, divided by the units it "
                   "holds. "
                   "Or declare in the contract that the tail is dropped.";
        case Cause::rank_local_denominator:
            return "Sum the count of scored units over all devices before the first backward, and divide by that; "
                   "where the devices' gradients are averaged, multiply by their number.";
        case Cause::uneven_ranks_equal_weight:
            return "Weigh each device by the units that it holds, also in the last window of an epoch.";
        case Cause::average_count_per_micro:
            return "Count the units of the whole window before its first backward, over all micro-batches and devices.";
        case Cause::no_world_compensation:
            return "Multiply the loss by the number of devices where their gradients are averaged, or sum the "
                   "gradients.";
        case Cause::sum_over_devices:
            return "Average the gradients over the devices, or divide the loss by the count over all of them.";
        case Cause::never_synced:
            return "Call the model through its distributed wrapper, so that the backward reduces the gradients.";
        case Cause::no_sync_off_by_one:
            return "Leave no_sync() before the last micro-batch's forward and backward, not after.";
        case Cause::reduced_once:
            return "Exchange the gradients with the last micro-batch of the window.";
        case Cause::scaled_before_wait:
            return "Wait for the asynchronous all-reduce before anything reads or scales its result.";
        case Cause::replicated_partial:
            return "Register every parameter with the distributed wrapper, tied and replicated ones too.";
        case Cause::wrong_group_divisor:
            return "Take the size of the data-parallel group, not the world's, wherever the batch or the loss is "
                   "shared out.";
        case Cause::two_level_order:
            return "Accumulate first, then exchange the sum of the whole window among the groups.";
        case Cause::bf16_accumulator:
            return "Add the micro-batches' gradients to an fp32 buffer, whatever they are computed in.";
        case Cause::bf16_reduction:
            return "Exchange the gradients in fp32: change the dtype of the reduction, or the hook that compresses it.";
        case Cause::unknown:
            return "Compare the weights below with the loop's divisors and counts, sample by sample.";
    }
    broken_promise("cause", "unknown cause", __FILE__, __LINE__);
}

std::string precedent(Cause cause) {
    switch (cause) {
        case Cause::token_mean_of_means:
            return "transformers up to 4.45.2, mlx-lm#1544, torchtune#1875";
        case Cause::missing_accum_division:
            return "aprender#2123, DeepSpeed#7773";
        case Cause::zero_grad_in_window:
            return "torchtitan#3575, accelerate#616";
        case Cause::not_zeroed_after_step:
            return "DeepSpeed#7839";
        case Cause::epoch_tail_dropped:
            return "ultralytics#11217";
        case Cause::rank_local_denominator:
            return "torchtitan#2206, transformers#34242";
        case Cause::uneven_ranks_equal_weight:
            return "pytorch#67253";
        case Cause::average_count_per_micro:
            return "none";
        case Cause::no_world_compensation:
            return "torchtune#2172";
        case Cause::sum_over_devices:
            return "none";
        case Cause::never_synced:
            return "minimind#853, trl#5934";
        case Cause::no_sync_off_by_one:
            return "FunASR#3472, DeepSpeed#7985";
        case Cause::reduced_once:
            return "InfiniTrain#213";
        case Cause::scaled_before_wait:
            return "PyTorch's C++ distributed example";
        case Cause::replicated_partial:
            return "Megatron-LM#844, gpt-neox#1257";
        case Cause::wrong_group_divisor:
            return "litgpt#1947, torchtune#2420";
        case Cause::two_level_order:
            return "pytorch#125484";
        case Cause::bf16_accumulator:
            return "a fork of Megatron-LM (#149), trl#2175";
        case Cause::bf16_reduction:
            return "pytorch#190626";
        case Cause::unknown:
            return "none";
    }
    broken_promise("cause", "unknown cause", __FILE__, __LINE__);
}

}  // namespace isobatch
