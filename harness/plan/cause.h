#pragma once

#include <array>
#include <string>
#include <string_view>

namespace isobatch {

/// What a trace can show to be wrong. Every switch over it is exhaustive: a new cause does not compile until it has its
/// prediction, its remedy and its precedent.
enum class Cause {
    token_mean_of_means,
    missing_accum_division,
    zero_grad_in_window,
    not_zeroed_after_step,
    epoch_tail_dropped,
    rank_local_denominator,
    uneven_ranks_equal_weight,
    average_count_per_micro,
    no_world_compensation,
    sum_over_devices,
    never_synced,
    no_sync_off_by_one,
    reduced_once,
    scaled_before_wait,
    replicated_partial,
    wrong_group_divisor,
    two_level_order,
    bf16_accumulator,
    bf16_reduction,
    unknown,
};

inline constexpr std::array all_causes{Cause::token_mean_of_means,
                                       Cause::missing_accum_division,
                                       Cause::zero_grad_in_window,
                                       Cause::not_zeroed_after_step,
                                       Cause::epoch_tail_dropped,
                                       Cause::rank_local_denominator,
                                       Cause::uneven_ranks_equal_weight,
                                       Cause::average_count_per_micro,
                                       Cause::no_world_compensation,
                                       Cause::sum_over_devices,
                                       Cause::never_synced,
                                       Cause::no_sync_off_by_one,
                                       Cause::reduced_once,
                                       Cause::scaled_before_wait,
                                       Cause::replicated_partial,
                                       Cause::wrong_group_divisor,
                                       Cause::two_level_order,
                                       Cause::bf16_accumulator,
                                       Cause::bf16_reduction,
                                       Cause::unknown};

/// `token-mean-of-means` …
std::string to_string(Cause cause);
Cause parse_cause(std::string_view text);

/// Whether it is about devices: where there is one, nothing is named after it.
bool concerns_devices(Cause cause);

/// Whether it rounds what it leaves, so that no weights explain the gradient.
constexpr bool concerns_bits(Cause cause) {
    return cause == Cause::bf16_accumulator || cause == Cause::bf16_reduction;
}

/// What went wrong, as a sentence.
std::string meaning(Cause cause);

/// The weights that it gives, as a formula over the counts of the window.
std::string formula(Cause cause);

/// What to change, in at most two sentences.
std::string remedy(Cause cause);

/// Public threads where it was seen.
std::string precedent(Cause cause);

}  // namespace isobatch
