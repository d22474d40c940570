#pragma once

#include "plan/cause_entry.h"

namespace isobatch {

/// What gives samples a wrong weight in the gradient.
inline constexpr CauseEntry causes_of_weights[]{
    {Cause::token_mean_of_means, "token-mean-of-means", false,
     "The loss is averaged inside each micro-batch and those means are averaged again, so a token in a "
     "short micro-batch weighs more than one in a long micro-batch.",
     "N / (K n_m): N units in the window, K micro-batches, n_m units in the sample's own",
     "Sum the loss over the tokens of each micro-batch and divide by the number of scored tokens in the "
     "whole window, counted over all micro-batches and devices before the first backward.",
     "transformers up to 4.45.2, mlx-lm#1544, torchtune#1875"},
    {Cause::missing_accum_division, "missing-accum-division", false,
     "The gradients of the micro-batches are added up without dividing by their number, so the step is "
     "accum times too large.",
     "A: the number of micro-batches on the sample's device",
     "Divide each micro-batch's mean loss by the number of micro-batches of the window, or its summed loss "
     "by the window's unit count.",
     "aprender#2123, DeepSpeed#7773"},
    {Cause::zero_grad_in_window, "zero-grad-in-window", false,
     "The gradients are cleared inside the accumulation window, so only each device's last micro-batch "
     "counts.",
     "1 in the last micro-batch of a device, 0 in the others",
     "Clear the gradients once, after the optimizer step, and not between the micro-batches.",
     "torchtitan#3575, accelerate#616"},
    {Cause::not_zeroed_after_step, "not-zeroed-after-step", false,
     "The gradients are not cleared after the optimizer step, so every window still carries the gradients "
     "of the earlier ones.",
     "1, and 1 for the gradient of every earlier window, or what clipping left of it",
     "Call zero_grad() after every optimizer step, before the next window's first backward.", "DeepSpeed#7839"},
    {Cause::epoch_tail_dropped, "epoch-tail-dropped", false,
     "The last window of an epoch, which holds fewer samples than the effective batch, is never trained on.",
     "1 in the windows that exist; the ragged window is missing",
     "Step the optimizer at the end of the epoch on whatever was accumulated, divided by the units it "
     "holds. Or declare in the contract that the tail is dropped.",
     "ultralytics#11217"},
    {Cause::rank_local_denominator, "rank-local-denominator", true,
     "Each device divides by its own count of scored units and the devices' gradients are averaged, so a "
     "token on a device with few of them weighs more.",
     "N / (D n_d): N units in the window, D devices, n_d units on the sample's own",
     "Sum the count of scored units over all devices before the first backward, and divide by that; where "
     "the devices' gradients are averaged, multiply by their number.",
     "torchtitan#2206, transformers#34242"},
    {Cause::uneven_ranks_equal_weight, "uneven-ranks-equal-weight", true,
     "In a window that does not fill all devices evenly, every device's mean weighs the same, whatever it "
     "holds.",
     "N / (D n_d) in a ragged window, 1 in a full one",
     "Weigh each device by the units that it holds, also in the last window of an epoch.", "pytorch#67253"},
    {Cause::average_count_per_micro, "average-count-per-micro", true,
     "The count of scored units is averaged over the devices once for each micro-batch, so micro-batches "
     "with few units weigh more.",
     "N / (A N_a): A micro-batches on a device, N_a units in this one on all devices",
     "Count the units of the whole window before its first backward, over all micro-batches and devices.", "none"},
    {Cause::no_world_compensation, "no-world-compensation", true,
     "The loss is divided by the count over all devices, and the devices' gradients are averaged once more, "
     "so the step is too small by the number of devices.",
     "1 / D: the number of devices",
     "Multiply the loss by the number of devices where their gradients are averaged, or sum the gradients.",
     "torchtune#2172"},
    {Cause::sum_over_devices, "sum-over-devices", true,
     "The devices' gradients are summed where they should be averaged, so the step is too large by the "
     "number of devices.",
     "D: the number of devices",
     "Average the gradients over the devices, or divide the loss by the count over all of them.", "none"},
    {Cause::never_synced, "never-synced", true,
     "The devices never exchange their gradients, so each trains on its own samples alone.",
     "D for the device's own samples, 0 for the others'",
     "Call the model through its distributed wrapper, so that the backward reduces the gradients.",
     "minimind#853, trl#5934"},
    {Cause::no_sync_off_by_one, "no-sync-off-by-one", true,
     "The gradients are exchanged one micro-batch too early, so the last one of each device stays on that "
     "device.",
     "1 in the earlier micro-batches; in the last, D for the device's own samples and 0 for the others'",
     "Leave no_sync() before the last micro-batch's forward and backward, not after.", "FunASR#3472, DeepSpeed#7985"},
    {Cause::reduced_once, "reduced-once", true,
     "The gradients are exchanged with the first micro-batch only, so the later ones of each device stay on "
     "that device.",
     "1 in the first micro-batch; in the others, D for the device's own samples and 0 for the others'",
     "Exchange the gradients with the last micro-batch of the window.", "InfiniTrain#213"},
    {Cause::scaled_before_wait, "scaled-before-wait", true,
     "The gradients are divided and used before their exchange has ended, so each device steps with its own "
     "part alone.",
     "1 for the device's own samples, 0 for the others'",
     "Wait for the asynchronous all-reduce before anything reads or scales its result.",
     "PyTorch's C++ distributed example"},
    {Cause::replicated_partial, "replicated-partial", true,
     "A parameter is left out of the exchange, so each device updates its own copy of it with its own "
     "samples alone.",
     "in that parameter D for the device's own samples and 0 for the others', 1 elsewhere",
     "Register every parameter with the distributed wrapper, tied and replicated ones too.",
     "Megatron-LM#844, gpt-neox#1257"},
    {Cause::wrong_group_divisor, "wrong-group-divisor", false,
     "The loss is divided for all ranks where only the data-parallel ones hold other samples, so the step "
     "is too small by the number of ranks that hold the same.",
     "1 / C: the number of ranks that hold the same samples",
     "Take the size of the data-parallel group, not the world's, wherever the batch or the loss is shared "
     "out.",
     "litgpt#1947, torchtune#2420"},
    {Cause::two_level_order, "two-level-order", true,
     "Only the last micro-batch's gradient is exchanged among all devices, and what was accumulated before "
     "is added after it, so the earlier micro-batches stay in their own group of devices.",
     "1 in the last micro-batch; in the earlier ones, the number of groups for the samples of the device's "
     "own group and 0 for the others'",
     "Accumulate first, then exchange the sum of the whole window among the groups.", "pytorch#125484"},
    {Cause::double_division, "double-division", false,
     "The loss is divided by the number of micro-batches twice, once by the trainer and once by its engine, "
     "so the step is accum times too small. The reported loss does not show it.",
     "1 / A: the number of micro-batches on the sample's device",
     "Divide in one place: either the trainer's loss or the engine's gradients.", "transformers#43919, AReaL#1273"},
    {Cause::divide_after_backward, "divide-after-backward", false,
     "The loss is divided by the number of micro-batches for the report only, after its backward, so the "
     "step is accum times too large and the reported loss is right.",
     "A, with the right loss reported: the number of micro-batches on the sample's device",
     "Divide the loss before its backward.", "verl#436, torchtitan#2972"},
    {Cause::sample_share_on_token_mean, "sample-share-on-token-mean", false,
     "Each micro-batch's mean over tokens is weighed by its share of the samples, so a token in a "
     "micro-batch of short samples weighs more.",
     "N b_m / (B n_m): b_m samples and n_m units in the sample's own micro-batch, B samples and N units in "
     "the window",
     "Weigh each micro-batch by its share of the scored tokens, not of the samples.", "verl#906, composer#3273"},
    {Cause::sample_vs_token_contract, "sample-vs-token-contract", false,
     "The loss is summed over tokens and divided by the number of samples, so the size of the step depends "
     "on how long the samples are.",
     "N / B: units and samples in the window",
     "Divide by the number of scored tokens, or declare that the mean is over samples and average inside "
     "each sample.",
     "OpenNMT#526, verl#3741"},
    {Cause::short_window_nominal_accum, "short-window-nominal-accum", false,
     "A window with fewer micro-batches than the others is still divided by the nominal number of them, so "
     "its step is too small.",
     "A_d / A in a ragged window: the micro-batches that the sample's device has, and those that a full "
     "window has",
     "Divide the last window of an epoch by what it holds.", "Lightning#19987, transformers#38837"},
    {Cause::padded_tokens_counted, "padded-tokens-counted", false,
     "Padding is counted in the denominator, so the step is too small by the share of padding, which "
     "depends on how samples are put together.",
     "N / N_padded: scored units and units with padding in the window",
     "Count the positions whose label is scored, not the positions of the tensor.", "litgpt#751"},
    {Cause::n_minus_one, "n-minus-one", false, "The sum is divided by one less than the number of units.",
     "N / (N - 1): units in the window", "Divide by the number of units.",
     "none known in a trainer; a plain off-by-one"},
    {Cause::unconditional_world_factor, "unconditional-world-factor", true,
     "The loss is multiplied by the number of devices though its denominator is each device's own count, so "
     "the step is too large by their number.",
     "N / n_d: N units in the window, n_d on the sample's own device",
     "Multiply by the number of devices only where the denominator counts the units of all of them.",
     "transformers#35743"},
    {Cause::sum_never_divided, "sum-never-divided", false,
     "The loss is summed over the units and never divided by their number, so the size of the step follows "
     "the size of the batch.",
     "N / D: units in the window, devices", "Divide the summed loss by the number of units in the window.",
     "open-instruct#995"},
    {Cause::last_backward_survives, "last-backward-survives", false,
     "Each backward replaces what the earlier ones accumulated, without a clear in the loop, so only each "
     "device's last micro-batch counts.",
     "1 in the last micro-batch of a device, 0 in the others, with no clear seen",
     "Add to the accumulator instead of assigning to it, also where shapes change.",
     "open-instruct#1498, Automodel#3530"},
    {Cause::first_backward_survives, "first-backward-survives", false,
     "The gradient is taken from the accumulator after the first micro-batch only, so the later ones are "
     "lost.",
     "1 in the first micro-batch of a device, 0 in the others",
     "Copy or offload the gradient after the window's last backward.", "DeepSpeed#7967"},
    {Cause::cleared_at_new_shape, "cleared-at-new-shape", false,
     "The accumulator is made anew where a micro-batch's tensors have another size than those of the one before, so "
     "what "
     "came before it is lost.",
     "1 where every later micro-batch of the device has the same number of samples and of padded units, 0 elsewhere",
     "Keep one accumulator for the parameters, whatever the size of a micro-batch.", "NVIDIA NeMo Automodel#3530"},
    {Cause::unpredicted_position_counted, "unpredicted-position-counted", false,
     "Each sample's first position, which nothing predicts, is counted in the denominator, so the step is too small, "
     "and "
     "the more so the shorter the samples are.",
     "N / (N + B): units and samples in the window",
     "Count the labels after they were shifted, as the loss scores them.", "transformers#46204"},
    {Cause::cut_to_shortest, "cut-to-shortest", false,
     "The samples of each micro-batch are cut to its shortest one, so that of the longer ones the last scored units "
     "do not count.",
     "1 for the first n units of a sample, 0 for the others: n units in the shortest sample of its micro-batch",
     "Pad a micro-batch to its longest sample, and leave what is padding out of the loss.", "none"},
    {Cause::unscale_without_scale, "unscale-without-scale", false,
     "The gradients are divided by a loss scale of 65536 that no loss was multiplied by, so the step is next to "
     "nothing.",
     "1 / 65536", "Unscale only where the backward was scaled, once a window.", "DeepSpeed#7839, its second half"},
    {Cause::re_reduced_sum, "re-reduced-sum", true,
     "With every micro-batch all that was accumulated is summed over the devices once more, so the earlier a "
     "micro-batch, the more it weighs.",
     "D^(A - 1 - a): D devices, A micro-batches, this one the a-th from 0",
     "Exchange the gradients once, with the last micro-batch of the window.", "Paddle#29920"},
    {Cause::nominal_count_dynamic_batching, "nominal-count-dynamic-batching", false,
     "The mean of each micro-batch is divided by the number of micro-batches that the split promises, and a window has "
     "another number of them, as where they are cut by a budget of tokens.",
     "N / (D A n_m): N units in the window, D devices, A the accumulation that was promised, n_m units in the sample's "
     "own micro-batch",
     "Divide each micro-batch's summed loss by the units of the whole window, counted after it was cut.", "verl#141"}};

}  // namespace isobatch
