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
            return "1, and 1 for the gradient of every earlier window";
        case Cause::epoch_tail_dropped:
            return "1 in the windows that exist; the ragged window is missing";
        case Cause::unknown:
            return "none";
    }
    broken_promise("cause", "unknown cause", __FILE__, __LINE__);
}

std::string remedy(Cause cause) {
    switch (cause) {
        case Cause::token_mean_of_means:
            return "Sum the loss over the tokens of each micro-batch and divide by the number of scored tokens in the "
                   "whole window, "
                   "counted over all micro-batches and devices before the first backward.";
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
        case Cause::unknown:
            return "none";
    }
    broken_promise("cause", "unknown cause", __FILE__, __LINE__);
}

}  // namespace isobatch
